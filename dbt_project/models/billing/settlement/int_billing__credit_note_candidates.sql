with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

settlement_totals as (
    select * from {{ ref('int_billing__settlement_totals') }} where invoice_type in ('subscription', 'progressive_billing')
),

credit_note_parts as (
    select * from {{ ref('int_billing__credit_note_parts') }} where credit_amount_cents > 0
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }} where credit_amount_cents > 0
),

issued_uses as (
    select * from {{ ref('stg_books__credit_note_uses') }}
),

issued_voids as (
    select * from {{ ref('stg_books__credit_note_voids') }}
),

used as (
    select credit_note_id, sum(amount_cents) as used_cents
    from issued_uses
    group by credit_note_id
),

notes as (
    select
        issued_credit_notes.credit_note_id, issued_credit_notes.customer_id, issued_credit_notes.currency, issued_credit_notes.issued_at, 0 as queue_position,
        issued_credit_notes.credit_amount_cents - coalesce(used.used_cents, 0) as balance_cents
    from issued_credit_notes
    left join used on issued_credit_notes.credit_note_id = used.credit_note_id
    left join issued_voids on issued_credit_notes.credit_note_id = issued_voids.credit_note_id
    where issued_voids.credit_note_id is null
    union all
    select
        credit_note_parts.credit_note_id, settlement_queue.customer_id, settlement_queue.currency, settlement_queue.issued_at, settlement_queue.queue_position,
        credit_note_parts.credit_amount_cents
    from credit_note_parts
    inner join settlement_queue on credit_note_parts.credit_note_id = settlement_queue.invoice_id
),

-- Of the same currency, not void and with something left, oldest first; a note pays only what comes after it, so never its own invoice.
final as (
    select
        settlement_totals.invoice_id, settlement_totals.customer_id, settlement_totals.queue_position,
        settlement_totals.sub_total_including_taxes_amount_cents,
        notes.credit_note_id,
        {{ cents('notes.balance_cents') }} as balance_amount_cents,
        dense_rank() over (partition by settlement_totals.customer_id order by notes.issued_at, notes.queue_position, notes.credit_note_id) as rank_number
    from settlement_totals
    inner join notes
        on settlement_totals.customer_id = notes.customer_id
        and settlement_totals.currency = notes.currency
        and settlement_totals.queue_position > notes.queue_position
    where notes.balance_cents > 0
)

select * from final
