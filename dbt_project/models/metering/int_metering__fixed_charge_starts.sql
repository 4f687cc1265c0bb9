with service_periods as (
    select * from {{ ref('int_metering__service_periods') }} where is_first_period
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

fixed_charges as (
    select * from {{ ref('stg_catalog__fixed_charges') }} where pay_in_advance
),

first_known as (
    select subscription_id, min(valid_from) as first_known_at
    from subscriptions
    group by subscription_id
),

-- What the plan sold when the subscription began decides, once and for all: a fixed charge that is added later has no start to bill.
began as (
    select
        service_periods.subscription_id,
        service_periods.known_from,
        service_periods.plan_id,
        case when service_periods.started_at > first_known.first_known_at then service_periods.started_at else first_known.first_known_at end as began_at
    from service_periods
    inner join first_known on service_periods.subscription_id = first_known.subscription_id
),

final as (
    select distinct began.subscription_id, began.known_from
    from began
    inner join fixed_charges on began.plan_id = fixed_charges.plan_id and {{ known_at('fixed_charges', 'began.began_at') }}
)

select * from final
