with source as (
    select * from {{ source('catalog', 'coupon_targets') }}
),

final as (
    select
        coupon_id,
        plan_id,
        billable_metric_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
