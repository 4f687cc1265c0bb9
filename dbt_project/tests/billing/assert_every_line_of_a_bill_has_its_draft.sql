-- Fails if a fee that is drafted or due stands on no draft, or an open fee stands on one.
{{ checks('int_billing__draft_invoices') }}
select fees.fee_id
from {{ ref('int_billing__fees') }} as fees
left join {{ ref('int_billing__draft_invoices') }} as draft_invoices on fees.invoice_id = draft_invoices.invoice_id
where (fees.fee_state = 'open') is distinct from (draft_invoices.invoice_id is null)
