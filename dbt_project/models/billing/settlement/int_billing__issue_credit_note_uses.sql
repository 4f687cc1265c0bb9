with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

credit_note_uses as (
    select * from {{ source('settlement', 'credit_note_uses') }}
),

final as (
    select
        {{ deterministic_id(['credit_note_uses.invoice_id', 'credit_note_uses.credit_note_id']) }} as credit_note_use_id,
        credit_note_uses.invoice_id,
        credit_note_uses.credit_note_id,
        settlement_queue.customer_id,
        settlement_queue.currency,
        credit_note_uses.amount_cents,
        settlement_queue.issued_at
    from credit_note_uses
    inner join settlement_queue on credit_note_uses.invoice_id = settlement_queue.invoice_id
)

select * from final
