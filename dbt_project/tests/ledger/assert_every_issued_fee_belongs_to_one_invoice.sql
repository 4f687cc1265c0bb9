-- Fails if an issued line has no invoice, or is in the books twice: usage would be billed twice (law 3).
select fees.fee_id
from {{ ref('stg_books__fees') }} as fees
left join {{ ref('stg_books__invoices') }} as invoices on fees.invoice_id = invoices.invoice_id
group by fees.fee_id
having count(invoices.invoice_id) is distinct from 1
