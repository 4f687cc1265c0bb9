-- Fails if the coupon shares of an invoice's lines, or its coupon uses, do not sum to its discount (law 5).
{{ checks('stg_books__coupon_uses') }}
with shares as (
    select invoice_id, sum(precise_coupons_amount_cents) as amount_cents
    from {{ ref('stg_books__fees') }}
    group by invoice_id
),

uses as (
    select invoice_id, sum(amount_cents) as amount_cents
    from {{ ref('stg_books__coupon_uses') }}
    group by invoice_id
)

select invoices.invoice_id
from {{ ref('stg_books__invoices') }} as invoices
left join shares on invoices.invoice_id = shares.invoice_id
left join uses on invoices.invoice_id = uses.invoice_id
where coalesce(shares.amount_cents, 0) is distinct from invoices.coupons_amount_cents
    or coalesce(uses.amount_cents, 0) is distinct from invoices.coupons_amount_cents
