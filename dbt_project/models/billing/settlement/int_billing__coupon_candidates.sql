with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type in ('subscription', 'progressive_billing')
),

applied_coupons as (
    select * from {{ ref('stg_catalog__applied_coupons') }}
),

coupon_targets as (
    select * from {{ ref('stg_catalog__coupon_targets') }}
),

targeted as (
    select
        coupon_id,
        max(case when billable_metric_id is not null then 1 else 0 end) as is_limited_to_metrics,
        max(case when plan_id is not null then 1 else 0 end) as is_limited_to_plans
    from coupon_targets
    group by coupon_id
),

first_versions as (
    select applied_coupon_id, min(valid_from) as applied_at, min(sequence) as creation_sequence
    from applied_coupons
    group by applied_coupon_id
),

-- A coupon that is limited to metrics goes first, then one limited to plans, then the others; older before younger.
eligible as (
    select
        settlement_queue.invoice_id,
        settlement_queue.customer_id,
        settlement_queue.issued_at,
        settlement_queue.queue_position,
        applied_coupons.applied_coupon_id,
        applied_coupons.coupon_id,
        applied_coupons.percentage_rate,
        applied_coupons.amount_cents,
        applied_coupons.frequency,
        first_versions.applied_at,
        first_versions.creation_sequence,
        case
            when coalesce(targeted.is_limited_to_metrics, 0) = 1 then 1
            when coalesce(targeted.is_limited_to_plans, 0) = 1 then 2
            else 3
        end as limitation,
        {{ coupon_stock('applied_coupons') }} as capacity,
        {{ is_spent_by_amount('applied_coupons') }} as is_spent_by_amount
    from settlement_queue
    inner join applied_coupons
        on settlement_queue.customer_id = applied_coupons.customer_id
        and {{ known_at('applied_coupons', 'settlement_queue.issued_at') }}
        and (applied_coupons.terminated_at is null or applied_coupons.terminated_at > settlement_queue.issued_at)
        and (applied_coupons.percentage_rate is not null or applied_coupons.amount_currency = settlement_queue.currency)
    inner join first_versions on applied_coupons.applied_coupon_id = first_versions.applied_coupon_id
    left join targeted on applied_coupons.coupon_id = targeted.coupon_id
),

final as (
    select
        invoice_id, customer_id, issued_at, queue_position, applied_coupon_id, coupon_id, percentage_rate, amount_cents, frequency,
        applied_at, limitation, capacity, is_spent_by_amount,
        dense_rank() over (partition by customer_id order by limitation, creation_sequence, applied_coupon_id) as rank_number
    from eligible
)

select * from final
