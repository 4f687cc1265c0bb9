-- Fails if anything is left to pay, or was paid too much, of an invoice that is void.
{{ checks('fct_invoices') }}
select entries.invoice_id
from {{ ref('fct_ledger_entries') }} as entries
inner join {{ ref('fct_invoices') }} as invoices on entries.invoice_id = invoices.invoice_id
where entries.account = 'receivables' and invoices.status = 'voided'
group by entries.invoice_id
having sum(entries.amount_cents) <> 0
