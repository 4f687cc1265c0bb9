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
        'periodic' as schedule_name,
        service_periods.started_at as boundary_at,
        case when service_periods.started_at > service_periods.created_at then service_periods.started_at end as tick_wanted_at,
        case when service_periods.started_at <= service_periods.created_at then service_periods.created_at end as event_at,
        service_periods.started_on >= {{ local_date('service_periods.created_at', 'service_periods.timezone') }} as is_on_time
    from service_periods
    left join fixed_charge_starts
        on service_periods.subscription_id = fixed_charge_starts.subscription_id and service_periods.known_from = fixed_charge_starts.known_from
    where service_periods.is_first_period
        and ((service_periods.pay_in_advance and not coalesce(service_periods.trial_ends_at > service_periods.started_at, false)) or fixed_charge_starts.subscription_id is not null)
        and service_periods.started_at <= service_periods.as_of
),

periodic as (
    select
        subscription_id, known_from, period_index, timezone, test_clock_id, as_of,
        'periodic' as invoicing_reason,
        'periodic' as schedule_name,
        period_ends_at as boundary_at,
        case when created_at > period_ends_at then created_at else period_ends_at end as tick_wanted_at,
        cast(null as timestamp) as event_at,
        true as is_on_time
    from service_periods
    where period_ends_at <= as_of
),

-- A downgrade switches plans where a period is billed (invoicing, section 6.2).
terminating as (
    select
        subscription_id, known_from, period_index, timezone, test_clock_id, as_of,
        'terminating' as invoicing_reason,
        case when terminated_at is null and downgrade_at is null then 'ending' else 'periodic' end as schedule_name,
        service_ends_at as boundary_at,
        case when terminated_at is null then service_ends_at end as tick_wanted_at,
        terminated_at as event_at,
        true as is_on_time
    from service_periods
    where service_ends_at <= as_of and service_ends_at >= period_starts_at and service_ends_at < period_ends_at
),

-- The end of a trial bills what is paid in advance of the rest of its period.
trial as (
    select
        subscription_id, known_from, period_index, timezone, test_clock_id, as_of,
        'trial' as invoicing_reason,
        'trial' as schedule_name,
        trial_ends_at as boundary_at,
        case when created_at > trial_ends_at then created_at else trial_ends_at end as tick_wanted_at,
        cast(null as timestamp) as event_at,
        {{ local_date('trial_ends_at', 'timezone') }} >= {{ local_date('created_at', 'timezone') }} as is_on_time
    from service_periods
    where pay_in_advance and trial_ends_at > started_at
        and trial_ends_at >= period_starts_at and trial_ends_at < period_ends_at and trial_ends_at <= as_of
),

final as (
    select * from starting
    union all
    select * from trial
    union all
    select * from periodic
    union all
    select * from terminating
)

select * from final
