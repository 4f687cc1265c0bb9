with credit_note_totals as (
    select * from {{ ref('int_billing__credit_note_totals') }}
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }}
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

paid as (
    select requested_credits.credit_note_id, sum(payments.amount_cents) as paid_cents
    from requested_credits
    inner join payments
        on requested_credits.invoice_id = payments.invoice_id and {{ known_at('payments', 'requested_credits.issued_at') }}
    group by requested_credits.credit_note_id
),

earlier as (
    select invoice_id, sum(refund_amount_cents) as refunded_cents, sum(offset_amount_cents) as offset_cents
    from issued_credit_notes
    group by invoice_id
),

-- What was paid belongs to the fee by its part of the invoice; used days are paid first (invoicing, section 6.4).
attributed as (
    select
        credit_note_totals.credit_note_id, credit_note_totals.invoice_id, requested_credits.destination,
        credit_note_totals.total_amount_cents as total_cents,
        {{ part_of('coalesce(paid.paid_cents, 0)', 'credit_note_totals.precise_fee_amount_cents', 'coalesce(issued_invoices.sub_total_including_taxes_amount_cents, 0)') }}
        - credit_note_totals.used_amount_cents as unused_paid_cents,
        coalesce(paid.paid_cents, 0) - coalesce(earlier.refunded_cents, 0) as refundable_cents,
        coalesce(issued_invoices.total_amount_cents, 0) - coalesce(paid.paid_cents, 0) - coalesce(earlier.offset_cents, 0) as due_cents
    from credit_note_totals
    inner join requested_credits on credit_note_totals.credit_note_id = requested_credits.credit_note_id
    left join issued_invoices on credit_note_totals.invoice_id = issued_invoices.invoice_id
    left join paid on credit_note_totals.credit_note_id = paid.credit_note_id
    left join earlier on credit_note_totals.invoice_id = earlier.invoice_id
),

refunded as (
    select
        *,
        case
            when destination = 'credit' or unused_paid_cents <= 0 or refundable_cents <= 0 then 0
            when {{ round_cents('unused_paid_cents') }} > total_cents and total_cents > refundable_cents then refundable_cents
            when {{ round_cents('unused_paid_cents') }} > total_cents then total_cents
            when {{ round_cents('unused_paid_cents') }} > refundable_cents then refundable_cents
            else {{ round_cents('unused_paid_cents') }}
        end as refund_cents
    from attributed
),

-- An offset takes no more than the invoice leaves to pay; the rest of it is a credit.
offset_against as (
    select
        *,
        case
            when destination <> 'offset' or due_cents <= 0 then 0
            when total_cents - refund_cents > due_cents then due_cents
            else total_cents - refund_cents
        end as offset_cents
    from refunded
),

final as (
    select
        credit_note_id, invoice_id,
        {{ cents('total_cents - refund_cents - offset_cents') }} as credit_amount_cents,
        {{ cents('refund_cents') }} as refund_amount_cents,
        {{ cents('offset_cents') }} as offset_amount_cents
    from offset_against
)

select * from final
