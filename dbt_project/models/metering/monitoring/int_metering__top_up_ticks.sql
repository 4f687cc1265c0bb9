with top_up_changes as (
    select * from {{ ref('int_metering__top_up_changes') }}
),

interval_top_ups as (
    select * from {{ ref('int_metering__interval_top_ups') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

schedules as (
    select * from {{ ref('stg_catalog__schedules') }}
),

schedule_ticks as (
    select * from {{ ref('stg_catalog__schedule_ticks') }}
),

customer_clocks as (
    select customer_id, coalesce(max(test_clock_id), '') as clock
    from customers
    group by customer_id
),

wanted as (
    select customer_id, as_of, changed_at as wanted_at, 'usage' as schedule_name, cast(null as string) as recurring_transaction_rule_id
    from top_up_changes
    union all
    select customer_id, as_of, due_at, 'top_ups', recurring_transaction_rule_id
    from interval_top_ups
),

-- The schedule that was in force at the change: a later one moves no tick that has been.
scheduled as (
    select
        wanted.*,
        schedules.schedule_id,
        schedules.every_seconds * 1000000 as every_microseconds,
        {{ epoch_microseconds('schedules.first_at') }} as first_microseconds,
        {{ epoch_microseconds('wanted.wanted_at') }} as wanted_microseconds
    from wanted
    inner join customer_clocks on wanted.customer_id = customer_clocks.customer_id
    inner join schedules
        on wanted.schedule_name = schedules.name and customer_clocks.clock = coalesce(schedules.test_clock_id, '')
        and {{ known_at('schedules', 'wanted.wanted_at') }}
),

ticked as (
    select
        customer_id, recurring_transaction_rule_id, as_of,
        {{ first_tick('wanted_microseconds', 'first_microseconds', 'every_microseconds') }} as checked_at
    from scheduled
    where every_microseconds is not null
    union
    select scheduled.customer_id, scheduled.recurring_transaction_rule_id, scheduled.as_of, min(schedule_ticks.tick_at)
    from scheduled
    inner join schedule_ticks
        on scheduled.schedule_id = schedule_ticks.schedule_id and schedule_ticks.tick_at >= scheduled.wanted_at
    where scheduled.every_microseconds is null
    group by scheduled.customer_id, scheduled.recurring_transaction_rule_id, scheduled.as_of, scheduled.wanted_at
),

final as (
    select distinct customer_id, recurring_transaction_rule_id, checked_at
    from ticked
    where checked_at <= as_of
)

select * from final
