with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type = 'credit_note'
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }} where invoice_void_id is not null and not is_void_at_once
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

earlier as (
    select invoice_id, sum(total_amount_cents) as noted_cents
    from issued_credit_notes
    group by invoice_id
),

final as (
    select
        requested_credits.credit_note_id,
        {{ cents('requested_credits.credit_amount_cents + requested_credits.refund_amount_cents') }} as asked_amount_cents,
        {{ cents('issued_invoices.sub_total_including_taxes_amount_cents - coalesce(earlier.noted_cents, 0)') }} as creditable_amount_cents
    from requested_credits
    inner join settlement_queue on requested_credits.credit_note_id = settlement_queue.invoice_id
    inner join issued_invoices on requested_credits.invoice_id = issued_invoices.invoice_id
    left join earlier on issued_invoices.invoice_id = earlier.invoice_id
)

select * from final
