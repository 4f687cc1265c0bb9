-- Fails if the lines of an issued invoice do not sum to its fees.
{{ checks('stg_books__invoices') }}
with summed as (
    select invoice_id, sum(amount_cents) as amount_cents
    from {{ ref('stg_books__fees') }}
    group by invoice_id
)

select invoices.invoice_id
from {{ ref('stg_books__invoices') }} as invoices
left join summed on invoices.invoice_id = summed.invoice_id
where coalesce(summed.amount_cents, 0) is distinct from invoices.fees_amount_cents
