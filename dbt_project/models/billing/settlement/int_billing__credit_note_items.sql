with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type = 'credit_note'
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }}
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

queued as (
    select requested_credits.*
    from requested_credits
    inner join settlement_queue on requested_credits.credit_note_id = settlement_queue.invoice_id
),

-- Fees that are in the books, or that this pass settles before their note.
credited_fees as (
    select queued.fee_id, issued_fees.amount_cents, issued_fees.precise_coupons_amount_cents as coupons_cents
    from queued
    inner join issued_fees on queued.fee_id = issued_fees.fee_id
    union all
    select queued.fee_id, fees.amount_cents, {{ share('coalesce(sum(coupon_shares.share_cents), 0)') }}
    from queued
    inner join fees on queued.fee_id = fees.fee_id and fees.fee_state = 'due'
    left join coupon_shares on fees.fee_id = coupon_shares.fee_id
    left join issued_fees on fees.fee_id = issued_fees.fee_id
    where issued_fees.fee_id is null
    group by queued.fee_id, fees.amount_cents
),

credited_before as (
    select queued.fee_id, sum(issued_items.precise_amount_cents) as amount_cents
    from queued
    inner join issued_items on queued.fee_id = issued_items.fee_id
    group by queued.fee_id
),

-- Never more than the fee, less what was credited of it before (invoicing, section 6.4).
priced as (
    select
        queued.credit_note_id, queued.invoice_id, queued.fee_id, queued.customer_id, queued.currency, queued.precise_used_amount_cents,
        credited_fees.amount_cents as fee_amount_cents,
        credited_fees.coupons_cents,
        case when queued.precise_unused_amount_cents < credited_fees.amount_cents then queued.precise_unused_amount_cents else credited_fees.amount_cents end
        - coalesce(credited_before.amount_cents, 0) as left_cents
    from queued
    inner join credited_fees on queued.fee_id = credited_fees.fee_id
    left join credited_before on queued.fee_id = credited_before.fee_id
),

held_up as (
    select *, case when left_cents > 0 then {{ share('left_cents') }} else {{ share('0') }} end as item_cents
    from priced
),

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
