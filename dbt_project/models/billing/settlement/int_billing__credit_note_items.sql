with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type = 'credit_note'
),

requested_items as (
    select * from {{ ref('int_billing__requested_credit_items') }}
),

fees as (
    select * from {{ ref('int_billing__fees') }}
),

coupon_shares as (
    select * from {{ source('settlement', 'coupon_shares') }}
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }}
),

issued_items as (
    select * from {{ ref('stg_books__credit_note_items') }}
),

credit_note_scales as (
    select * from {{ ref('int_billing__credit_note_scales') }}
),

queued as (
    select requested_items.*, credit_note_scales.asked_amount_cents, credit_note_scales.creditable_amount_cents
    from requested_items
    inner join settlement_queue on requested_items.credit_note_id = settlement_queue.invoice_id
    left join credit_note_scales on requested_items.credit_note_id = credit_note_scales.credit_note_id
),

wanted_fees as (select distinct fee_id from queued),

-- Fees that are in the books, or that this pass settles before their note. What a progressive invoice billed of one counts with its coupons.
credited_fees as (
    select
        wanted_fees.fee_id, issued_fees.amount_cents,
        {{ share('issued_fees.precise_coupons_amount_cents + coalesce(issued_fees.progressive_billing_credit_amount_cents, 0)') }} as coupons_cents
    from wanted_fees
    inner join issued_fees on wanted_fees.fee_id = issued_fees.fee_id
    union all
    select wanted_fees.fee_id, fees.amount_cents, {{ share('coalesce(sum(coupon_shares.share_cents), 0)') }}
    from wanted_fees
    inner join fees on wanted_fees.fee_id = fees.fee_id and fees.fee_state = 'due'
    left join coupon_shares on fees.fee_id = coupon_shares.fee_id
    left join issued_fees on fees.fee_id = issued_fees.fee_id
    where issued_fees.fee_id is null
    group by wanted_fees.fee_id, fees.amount_cents
),

credited_before as (select fee_id, sum(precise_amount_cents) as amount_cents from issued_items group by fee_id),

left_over as (
    select
        queued.*,
        credited_fees.amount_cents as fee_amount_cents,
        credited_fees.coupons_cents,
        coalesce(credited_before.amount_cents, 0) as before_cents,
        credited_fees.amount_cents - coalesce(credited_before.amount_cents, 0) as fee_left_cents
    from queued
    inner join credited_fees on queued.fee_id = credited_fees.fee_id
    left join credited_before on queued.fee_id = credited_before.fee_id
),

-- Of unused days what was credited before is taken off (invoicing, section 6.4), of an amount that was asked for not; never more than is left of the fee. A void scales that.
priced as (
    select
        *,
        case
            when asked_amount_cents < creditable_amount_cents then {{ share(unscaled(div_down(scaled(share('fee_left_cents'), 5) ~ ' * asked_amount_cents', 'creditable_amount_cents'), 5)) }}
            when asked_amount_cents is not null then fee_left_cents
            when not is_cumulative and precise_amount_cents < fee_left_cents then precise_amount_cents
            when is_cumulative and precise_amount_cents < fee_amount_cents then precise_amount_cents - before_cents
            else fee_left_cents
        end as left_cents
    from left_over
),

held_up as (select *, case when left_cents > 0 then {{ share('left_cents') }} else {{ share('0') }} end as item_cents from priced),

final as (
    select
        {{ deterministic_id(['credit_note_id', 'fee_id']) }} as credit_note_item_id,
        credit_note_id, invoice_id, fee_id, customer_id, currency,
        item_cents as precise_amount_cents,
        {{ round_cents('item_cents') }} as amount_cents,
        {{ part_of('coupons_cents', 'item_cents', 'fee_amount_cents') }} as precise_coupons_amount_cents,
        {{ share('precise_used_amount_cents - ' ~ part_of('coupons_cents', 'precise_used_amount_cents', 'fee_amount_cents')) }} as used_base_cents,
        {{ share('fee_amount_cents - coupons_cents') }} as fee_base_cents
    from held_up
)

select * from final
