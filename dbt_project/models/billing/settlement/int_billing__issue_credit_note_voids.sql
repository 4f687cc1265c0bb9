with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type = 'credit_note_void'
),

requested_note_voids as (
    select * from {{ ref('int_billing__requested_note_voids') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

issued_uses as (
    select * from {{ ref('stg_books__credit_note_uses') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

used as (
    select credit_note_id, sum(amount_cents) as used_cents
    from issued_uses
    group by credit_note_id
),

-- A void is settled alone, so what its note paid before is in the books.
final as (
    select
        settlement_queue.invoice_id as credit_note_void_id, issued_credit_notes.credit_note_id, issued_credit_notes.invoice_id,
        issued_credit_notes.customer_id, issued_credit_notes.currency,
        {{ cents('issued_credit_notes.credit_amount_cents - coalesce(used.used_cents, 0)') }} as amount_cents,
        settlement_queue.issued_at, control.sql_bundle_id
    from settlement_queue
    cross join control
    inner join requested_note_voids on settlement_queue.invoice_id = requested_note_voids.credit_note_void_id
    inner join issued_credit_notes on requested_note_voids.credit_note_id = issued_credit_notes.credit_note_id
    left join used on issued_credit_notes.credit_note_id = used.credit_note_id
)

select * from final
