with service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

fixed_charge_starts as (
    select * from {{ ref('int_metering__fixed_charge_starts') }}
),

starting as (
    select
        service_periods.subscription_id, service_periods.known_from, service_periods.period_index, service_periods.timezone,
        service_periods.test_clock_id, service_periods.as_of,
        'starting' as invoicing_reason,
        service_periods.started_at as boundary_at,
        case when service_periods.started_at > service_periods.created_at then service_periods.started_at end as tick_wanted_at,
        case when service_periods.started_at <= service_periods.created_at then service_periods.created_at end as event_at,
        service_periods.started_on >= {{ local_date('service_periods.created_at', 'service_periods.timezone') }} as is_on_time
    from service_periods
    left join fixed_charge_starts
        on service_periods.subscription_id = fixed_charge_starts.subscription_id and service_periods.known_from = fixed_charge_starts.known_from
    where service_periods.is_first_period
        and (service_periods.pay_in_advance or fixed_charge_starts.subscription_id is not null)
        and service_periods.started_at <= service_periods.as_of
),

periodic as (
    select
        subscription_id, known_from, period_index, timezone, test_clock_id, as_of,
        'periodic' as invoicing_reason,
        period_ends_at as boundary_at,
        case when created_at > period_ends_at then created_at else period_ends_at end as tick_wanted_at,
        cast(null as timestamp) as event_at,
        true as is_on_time
    from service_periods
    where period_ends_at <= as_of
),

terminating as (
    select
        subscription_id, known_from, period_index, timezone, test_clock_id, as_of,
        'terminating' as invoicing_reason,
        service_ends_at as boundary_at,
        case when terminated_at is null then service_ends_at end as tick_wanted_at,
        terminated_at as event_at,
        true as is_on_time
    from service_periods
    where service_ends_at <= as_of and service_ends_at >= period_starts_at and service_ends_at < period_ends_at
),

final as (
    select * from starting
    union all
    select * from periodic
    union all
    select * from terminating
)

select * from final
