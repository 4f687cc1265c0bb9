-- Fails if anything is left to pay, or was paid too much, of an invoice that is void.
{{ checks('stg_books__invoice_voids') }}
select entries.invoice_id
from {{ ref('fct_ledger_entries') }} as entries
inner join {{ ref('stg_books__invoice_voids') }} as voids on entries.invoice_id = voids.invoice_id
where entries.account = 'receivables'
group by entries.invoice_id
having sum(entries.amount_cents) <> 0
