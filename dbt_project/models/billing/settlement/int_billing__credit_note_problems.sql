with requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }} where destination = 'requested'
),

requested_items as (
    select * from {{ ref('int_billing__requested_credit_items') }}
),

credit_note_totals as (
    select * from {{ ref('int_billing__credit_note_totals') }}
),

credit_note_limits as (
    select * from {{ ref('int_billing__credit_note_limits') }}
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

issued_items as (
    select * from {{ ref('stg_books__credit_note_items') }}
),

billed as (
    select invoice_id, sum(amount_cents + taxes_amount_cents) as with_taxes_cents
    from issued_fees
    group by invoice_id
),

noted as (
    select invoice_id, sum(total_amount_cents) as noted_cents
    from issued_credit_notes
    group by invoice_id
),

noted_of_fees as (
    select fee_id, sum(amount_cents) as noted_cents
    from issued_items
    group by fee_id
),

asked as (
    select
        requested_credits.*,
        requested_credits.credit_amount_cents + requested_credits.refund_amount_cents + requested_credits.offset_amount_cents as asked_cents,
        credit_note_limits.paid_amount_cents, credit_note_limits.refundable_amount_cents, credit_note_limits.due_amount_cents,
        billed.with_taxes_cents - coalesce(noted.noted_cents, 0) as creditable_cents
    from requested_credits
    inner join credit_note_limits on requested_credits.credit_note_id = credit_note_limits.credit_note_id
    left join billed on requested_credits.invoice_id = billed.invoice_id
    left join noted on requested_credits.invoice_id = noted.invoice_id
),

-- What was asked for may be a minor unit off, and so may what is left of an invoice: they are sums of rounded amounts (invoicing, section 10.2).
final as (
    select requested_items.credit_note_id, 'amount_cents' as field, 'higher_than_remaining_fee_amount' as code
    from requested_items
    inner join asked on requested_items.credit_note_id = asked.credit_note_id
    left join issued_fees on requested_items.fee_id = issued_fees.fee_id
    left join noted_of_fees on requested_items.fee_id = noted_of_fees.fee_id
    where requested_items.precise_amount_cents > coalesce(issued_fees.amount_cents, 0) - coalesce(noted_of_fees.noted_cents, 0)
    union
    select asked.credit_note_id, 'base', 'does_not_match_item_amounts'
    from asked
    inner join credit_note_totals on asked.credit_note_id = credit_note_totals.credit_note_id
    where abs(asked.asked_cents - {{ round_cents('credit_note_totals.precise_items_amount_cents - credit_note_totals.precise_coupons_adjustment_amount_cents + credit_note_totals.precise_taxes_amount_cents') }}) > 1
    union
    select credit_note_id, 'base', 'total_amount_must_be_positive' from asked where asked_cents <= 0
    union
    select credit_note_id, 'credit_amount_cents', 'higher_than_remaining_invoice_amount' from asked where asked_cents > creditable_cents + 1
    union
    select credit_note_id, 'refund_amount_cents', case when paid_amount_cents = 0 then 'cannot_refund_unpaid_invoice' else 'higher_than_remaining_invoice_amount' end
    from asked
    where refund_amount_cents > 0 and refund_amount_cents > refundable_amount_cents
    union
    select credit_note_id, 'offset_amount_cents', 'higher_than_remaining_invoice_amount'
    from asked
    where offset_amount_cents > 0 and offset_amount_cents > due_amount_cents
    union
    select credit_note_id, 'credit_amount_cents', 'cannot_credit_invoice' from asked where invoice_type = 'credit' and credit_amount_cents > 0
    union
    select credit_note_id, 'offset_amount_cents', 'value_is_invalid'
    from asked
    where invoice_type = 'credit' and offset_amount_cents > 0 and (paid_amount_cents > 0 or offset_amount_cents < due_amount_cents)
)

select * from final
