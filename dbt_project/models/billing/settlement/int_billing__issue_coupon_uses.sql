with coupon_candidates as (
    select * from {{ ref('int_billing__coupon_candidates') }}
),

settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

coupon_uses as (
    select * from {{ source('settlement', 'coupon_uses') }}
),

coupons as (
    select * from {{ ref('stg_catalog__coupons') }}
),

final as (
    select
        coupon_uses.invoice_id,
        coupon_uses.applied_coupon_id,
        coupon_candidates.coupon_id,
        coupons.code as coupon_code,
        coupons.name as coupon_name,
        settlement_queue.customer_id,
        settlement_queue.currency,
        coupon_uses.amount_cents,
        settlement_queue.issued_at
    from coupon_uses
    inner join settlement_queue on coupon_uses.invoice_id = settlement_queue.invoice_id
    inner join coupon_candidates
        on coupon_uses.invoice_id = coupon_candidates.invoice_id and coupon_uses.applied_coupon_id = coupon_candidates.applied_coupon_id
    inner join coupons on coupon_candidates.coupon_id = coupons.coupon_id and {{ known_at('coupons', 'coupon_candidates.applied_at') }}
)

select * from final
