-- Fails if what the postings say a customer owes for an invoice is not the invoice's total.
{{ checks('stg_books__invoices') }}
with receivables as (
    select invoice_id, sum(amount_cents) as amount_cents
    from {{ ref('stg_books__postings') }}
    where account = 'receivables'
    group by invoice_id
)

select invoices.invoice_id
from {{ ref('stg_books__invoices') }} as invoices
left join receivables on invoices.invoice_id = receivables.invoice_id
where coalesce(receivables.amount_cents, 0) is distinct from invoices.total_amount_cents
