with credit_note_totals as (
    select * from {{ ref('int_billing__credit_note_totals') }}
),

credit_note_limits as (
    select * from {{ ref('int_billing__credit_note_limits') }}
),

final as (
    select
        credit_note_totals.credit_note_id, credit_note_totals.invoice_id,
        credit_note_totals.precise_taxes_amount_cents,
        credit_note_totals.taxes_amount_cents,
        credit_note_totals.taxes_rate,
        credit_note_totals.sub_total_excluding_taxes_amount_cents,
        credit_note_totals.precise_coupons_adjustment_amount_cents,
        credit_note_totals.coupons_adjustment_amount_cents,
        credit_note_totals.total_amount_cents as max_creditable_amount_cents,
        {{ cents('case when credit_note_limits.refundable_amount_cents <= 0 then 0 when credit_note_limits.refundable_amount_cents < credit_note_totals.total_amount_cents then credit_note_limits.refundable_amount_cents else credit_note_totals.total_amount_cents end') }} as max_refundable_amount_cents,
        {{ cents('case when credit_note_limits.due_amount_cents <= 0 then 0 when credit_note_limits.due_amount_cents < credit_note_totals.total_amount_cents then credit_note_limits.due_amount_cents else credit_note_totals.total_amount_cents end') }} as max_offsettable_amount_cents
    from credit_note_totals
    inner join credit_note_limits on credit_note_totals.credit_note_id = credit_note_limits.credit_note_id
)

select * from final
