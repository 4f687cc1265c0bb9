with service_periods as (
    select * from {{ ref('int_metering__service_periods') }} where known_to is null
),

final as (
    select subscription_id, customer_id, plan_period_ends_at
    from service_periods
    where period_starts_at <= as_of and as_of < period_ends_at
        and (service_ends_at is null or as_of < service_ends_at)
)

select * from final
