with service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

starting as (
    select
        subscription_id, known_from, period_index, timezone, test_clock_id, as_of,
        'starting' as invoicing_reason,
        started_at as boundary_at,
        case when started_at > created_at then started_at end as tick_wanted_at,
        case when started_at <= created_at then created_at end as event_at,
        started_on >= {{ local_date('created_at', 'timezone') }} as is_on_time
    from service_periods
    where is_first_period and pay_in_advance and started_at <= as_of
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
