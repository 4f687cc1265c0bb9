-- Fails if the wallet uses of an invoice do not sum to the credits that it shows as paid.
{{ checks('stg_books__wallet_uses') }}
with uses as (
    select invoice_id, sum(amount_cents) as amount_cents
    from {{ ref('stg_books__wallet_uses') }}
    group by invoice_id
)

select invoices.invoice_id
from {{ ref('stg_books__invoices') }} as invoices
left join uses on invoices.invoice_id = uses.invoice_id
where coalesce(uses.amount_cents, 0) is distinct from invoices.prepaid_credit_amount_cents
