with requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }}
),

settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type = 'credit_note'
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

payments as (
    select * from {{ ref('stg_catalog__payments') }}
),

queued as (
    select requested_credits.*
    from requested_credits
    inner join settlement_queue on requested_credits.credit_note_id = settlement_queue.invoice_id
),

paid as (
    select queued.credit_note_id, sum(payments.amount_cents) as paid_cents
    from queued
    inner join payments on queued.invoice_id = payments.invoice_id and {{ known_at('payments', 'queued.issued_at') }}
    group by queued.credit_note_id
),

earlier as (
    select invoice_id, sum(refund_amount_cents) as refunded_cents, sum(offset_amount_cents) as offset_cents
    from issued_credit_notes
    group by invoice_id
),

-- An invoice that this pass settles is paid by nothing yet, and leaves nothing to set off (invoicing, section 10.2).
final as (
    select
        queued.credit_note_id, queued.invoice_id,
        {{ cents('coalesce(paid.paid_cents, 0)') }} as paid_amount_cents,
        {{ cents('coalesce(paid.paid_cents, 0) - coalesce(earlier.refunded_cents, 0)') }} as refundable_amount_cents,
        {{ cents('coalesce(issued_invoices.total_amount_cents, 0) - coalesce(paid.paid_cents, 0) - coalesce(earlier.offset_cents, 0)') }} as due_amount_cents
    from queued
    left join issued_invoices on queued.invoice_id = issued_invoices.invoice_id
    left join paid on queued.credit_note_id = paid.credit_note_id
    left join earlier on queued.invoice_id = earlier.invoice_id
)

select * from final
