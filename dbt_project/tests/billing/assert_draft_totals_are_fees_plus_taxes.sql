-- Fails if a draft's total is not its fees less progressive credits plus its taxes, or its fees are not the sum of its lines.
{{ checks('int_billing__draft_invoices') }}
with summed as (
    select invoice_id, sum(amount_cents) as amount_cents
    from {{ ref('int_billing__fees') }}
    group by invoice_id
)

select draft_invoices.invoice_id
from {{ ref('int_billing__draft_invoices') }} as draft_invoices
left join summed on draft_invoices.invoice_id = summed.invoice_id
where draft_invoices.total_amount_cents is distinct from draft_invoices.fees_amount_cents - draft_invoices.progressive_billing_credit_amount_cents + draft_invoices.taxes_amount_cents
    or draft_invoices.fees_amount_cents is distinct from coalesce(summed.amount_cents, 0)
