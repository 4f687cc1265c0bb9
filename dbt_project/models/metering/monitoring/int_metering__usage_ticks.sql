with monitored_changes as (
    select * from {{ ref('int_metering__monitored_changes') }}
),

schedules as (
    select * from {{ ref('stg_catalog__schedules') }} where name = 'usage'
),

schedule_ticks as (
    select * from {{ ref('stg_catalog__schedule_ticks') }}
),

top_up_ticks as (
    select * from {{ ref('int_metering__top_up_ticks') }}
),

monitored_subscriptions as (
    select * from {{ ref('int_metering__monitored_subscriptions') }}
),

-- The schedule that was in force at the change: a later one moves no tick that has been.
scheduled as (
    select
        monitored_changes.*,
        schedules.schedule_id,
        schedules.every_seconds * 1000000 as every_microseconds,
        {{ epoch_microseconds('schedules.first_at') }} as first_microseconds,
        {{ epoch_microseconds('monitored_changes.changed_at') }} as wanted_microseconds
    from monitored_changes
    inner join schedules
        on coalesce(monitored_changes.test_clock_id, '') = coalesce(schedules.test_clock_id, '')
        and {{ known_at('schedules', 'monitored_changes.changed_at') }}
),

ticked as (
    select
        subscription_id, as_of,
        {{ first_tick('wanted_microseconds', 'first_microseconds', 'every_microseconds') }} as checked_at
    from scheduled
    where every_microseconds is not null
    union
    select scheduled.subscription_id, scheduled.as_of, min(schedule_ticks.tick_at) as checked_at
    from scheduled
    inner join schedule_ticks
        on scheduled.schedule_id = schedule_ticks.schedule_id and schedule_ticks.tick_at >= scheduled.changed_at
    where scheduled.every_microseconds is null
    group by scheduled.subscription_id, scheduled.as_of, scheduled.changed_at
),

-- Where a wallet is looked at, all usage of its customer is.
final as (
    select subscription_id, checked_at
    from ticked
    where checked_at <= as_of
    union
    select monitored_subscriptions.subscription_id, top_up_ticks.checked_at
    from monitored_subscriptions
    inner join top_up_ticks on monitored_subscriptions.customer_id = top_up_ticks.customer_id
)

select * from final
