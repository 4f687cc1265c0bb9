with credit_note_totals as (
    select * from {{ ref('int_billing__credit_note_totals') }}
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

credit_note_limits as (
    select * from {{ ref('int_billing__credit_note_limits') }}
),

-- What was paid belongs to the fee by its part of the invoice; used days are paid first (invoicing, section 6.4).
attributed as (
    select
        credit_note_totals.credit_note_id, credit_note_totals.invoice_id, requested_credits.destination,
        requested_credits.credit_amount_cents as asked_credit_cents, requested_credits.refund_amount_cents as asked_refund_cents,
        requested_credits.offset_amount_cents as asked_offset_cents,
        credit_note_totals.total_amount_cents as total_cents,
        {{ part_of('credit_note_limits.paid_amount_cents', 'credit_note_totals.precise_fee_amount_cents', 'coalesce(issued_invoices.sub_total_including_taxes_amount_cents, 0)') }}
        - credit_note_totals.used_amount_cents as unused_paid_cents,
        credit_note_limits.refundable_amount_cents as refundable_cents,
        credit_note_limits.due_amount_cents as due_cents
    from credit_note_totals
    inner join requested_credits on credit_note_totals.credit_note_id = requested_credits.credit_note_id
    inner join credit_note_limits on credit_note_totals.credit_note_id = credit_note_limits.credit_note_id
    left join issued_invoices on credit_note_totals.invoice_id = issued_invoices.invoice_id
),

-- A correction lowers what the invoice leaves to pay before what was paid of it goes back.
-- Parts that were asked for add up to the total by changing the credit, else the refund, else the offset (invoicing, section 10.3).
wished as (
    select
        *,
        case
            when destination = 'credit' then 0
            when destination = 'correction' then total_cents - case when due_cents > 0 then due_cents else 0 end
            when destination <> 'requested' then {{ round_cents('unused_paid_cents') }}
            when asked_credit_cents = 0 and asked_refund_cents > 0 then total_cents - asked_offset_cents
            else asked_refund_cents
        end as wished_refund_cents,
        case
            when destination in ('offset', 'correction') or (destination = 'requested' and asked_credit_cents = 0 and asked_refund_cents = 0) then total_cents
            when destination = 'requested' then asked_offset_cents
            else 0
        end as wished_offset_cents
    from attributed
),

-- A refund takes no more than was paid, an offset no more than the invoice leaves to pay; the rest of them is a credit.
refunded as (
    select
        *,
        case
            when wished_refund_cents <= 0 or refundable_cents <= 0 then 0
            when wished_refund_cents > total_cents and total_cents > refundable_cents then refundable_cents
            when wished_refund_cents > total_cents then total_cents
            when wished_refund_cents > refundable_cents then refundable_cents
            else wished_refund_cents
        end as refund_cents
    from wished
),

offset_against as (
    select
        *,
        case
            when wished_offset_cents <= 0 or due_cents <= 0 then 0
            when wished_offset_cents > total_cents - refund_cents and total_cents - refund_cents > due_cents then due_cents
            when wished_offset_cents > total_cents - refund_cents then total_cents - refund_cents
            when wished_offset_cents > due_cents then due_cents
            else wished_offset_cents
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
