-- Fails if the lines of an issued invoice do not sum to its fees, or what they credit to its progressive credit, or a line credits more than it is.
{{ checks('stg_books__invoices') }}
with summed as (
    select invoice_id, sum(amount_cents) as amount_cents, sum(progressive_billing_credit_amount_cents) as credit_cents,
        max(progressive_billing_credit_amount_cents - amount_cents) as excess_cents
    from {{ ref('stg_books__fees') }}
    group by invoice_id
)

select invoices.invoice_id
from {{ ref('stg_books__invoices') }} as invoices
left join summed on invoices.invoice_id = summed.invoice_id
where coalesce(summed.amount_cents, 0) is distinct from invoices.fees_amount_cents
    or coalesce(summed.credit_cents, 0) is distinct from invoices.progressive_billing_credit_amount_cents
    or (summed.credit_cents > 0 and summed.excess_cents > 0)
