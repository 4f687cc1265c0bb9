with boundaries as (
    select * from {{ ref('int_metering__boundaries') }}
),

schedules as (
    select * from {{ ref('stg_catalog__schedules') }}
),

schedule_ticks as (
    select * from {{ ref('stg_catalog__schedule_ticks') }}
),

scheduled as (
    select
        boundaries.*,
        schedules.schedule_id,
        schedules.catch_up,
        schedules.every_seconds * 1000000 as every_microseconds,
        {{ epoch_microseconds('schedules.first_at') }} as first_microseconds,
        {{ epoch_microseconds('boundaries.tick_wanted_at') }} as wanted_microseconds,
        {{ utc_time(plus_days(local_date('boundaries.boundary_at', 'boundaries.timezone'), 1), 'boundaries.timezone') }} as day_after_at
    from boundaries
    inner join schedules
        on boundaries.schedule_name = schedules.name
        and case when boundaries.test_clock_id is null then '' else boundaries.test_clock_id end
        = case when schedules.test_clock_id is null then '' else schedules.test_clock_id end
        and {{ known_at('schedules', 'boundaries.as_of') }}
),

listed as (
    select
        scheduled.subscription_id,
        scheduled.known_from,
        scheduled.period_index,
        scheduled.invoicing_reason,
        min(schedule_ticks.tick_at) as tick_at
    from scheduled
    inner join schedule_ticks
        on scheduled.schedule_id = schedule_ticks.schedule_id and schedule_ticks.tick_at >= scheduled.tick_wanted_at
    where scheduled.every_microseconds is null
    group by scheduled.subscription_id, scheduled.known_from, scheduled.period_index, scheduled.invoicing_reason
),

ticked as (
    select
        scheduled.*,
        case
            when scheduled.event_at is not null then scheduled.event_at
            when scheduled.every_microseconds is null then listed.tick_at
            else {{ first_tick('scheduled.wanted_microseconds', 'scheduled.first_microseconds', 'scheduled.every_microseconds') }}
        end as ready_at
    from scheduled
    left join listed
        on scheduled.subscription_id = listed.subscription_id
        and scheduled.known_from = listed.known_from
        and scheduled.period_index = listed.period_index
        and scheduled.invoicing_reason = listed.invoicing_reason
),

final as (
    select subscription_id, known_from, period_index, invoicing_reason, boundary_at, ready_at
    from ticked
    where ready_at is not null
        and (catch_up or (is_on_time and (tick_wanted_at is null or invoicing_reason = 'trial' or ready_at < day_after_at)))
)

select * from final
