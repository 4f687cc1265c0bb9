-- Fails if the uses of credit notes on an invoice do not sum to what it shows as paid by them.
{{ checks('stg_books__credit_note_uses') }}
with uses as (
    select invoice_id, sum(amount_cents) as amount_cents
    from {{ ref('stg_books__credit_note_uses') }}
    group by invoice_id
)

select invoices.invoice_id
from {{ ref('stg_books__invoices') }} as invoices
left join uses on invoices.invoice_id = uses.invoice_id
where coalesce(uses.amount_cents, 0) is distinct from invoices.credit_notes_amount_cents
