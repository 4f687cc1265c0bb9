-- Fails if an issued line has no invoice and does not stand alone, or is in the books twice: usage would be billed twice (law 3).
{{ checks('stg_books__fees') }}
select fees.fee_id
from {{ ref('stg_books__fees') }} as fees
left join {{ ref('stg_books__invoices') }} as invoices on fees.invoice_id = invoices.invoice_id
left join {{ ref('stg_books__standalone_fees') }} as standalone_fees on fees.invoice_id is null and fees.fee_id = standalone_fees.fee_id
group by fees.fee_id
having count(invoices.invoice_id) + count(standalone_fees.fee_id) is distinct from 1
