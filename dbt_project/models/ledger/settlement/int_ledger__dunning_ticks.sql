with overdue_spans as (
    select * from {{ ref('int_ledger__overdue_spans') }}
),

dunning_terms as (
    select * from {{ ref('int_ledger__dunning_terms') }}
),

payment_requests as (
    select * from {{ ref('stg_books__payment_requests') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

schedules as (
    select * from {{ ref('stg_catalog__schedules') }} where name = 'dunning'
),

schedule_ticks as (
    select * from {{ ref('stg_catalog__schedule_ticks') }}
),

customer_clocks as (
    select customer_id, coalesce(max(test_clock_id), '') as clock
    from customers
    group by customer_id
),

owing as (select distinct customer_id from overdue_spans),

attempted as (
    select customer_id, max(requested_at) as attempted_at
    from payment_requests
    group by customer_id
),

-- What is asked for can change at these instants alone; between attempts there must be strictly more than the days of the campaign.
changing as (
    select customer_id, from_at as wanted_at from overdue_spans
    union
    select customer_id, to_at from overdue_spans where to_at is not null
    union
    select dunning_terms.customer_id, dunning_terms.from_at
    from dunning_terms
    inner join owing on dunning_terms.customer_id = owing.customer_id
    union
    select attempted.customer_id, {{ from_epoch_microseconds(epoch_microseconds(plus_24_hours('attempted.attempted_at', 'dunning_terms.days_between_attempts')) ~ ' + 1') }}
    from attempted
    inner join dunning_terms on attempted.customer_id = dunning_terms.customer_id
),

-- The schedule that was in force at the change: a later one moves no tick that has been.
scheduled as (
    select
        changing.customer_id, changing.wanted_at,
        horizons.as_of,
        schedules.schedule_id,
        schedules.every_seconds * 1000000 as every_microseconds,
        {{ epoch_microseconds('schedules.first_at') }} as first_microseconds,
        {{ epoch_microseconds('changing.wanted_at') }} as wanted_microseconds
    from changing
    inner join horizons on changing.customer_id = horizons.customer_id and changing.wanted_at <= horizons.as_of
    inner join customer_clocks on changing.customer_id = customer_clocks.customer_id
    inner join schedules on customer_clocks.clock = coalesce(schedules.test_clock_id, '') and {{ known_at('schedules', 'changing.wanted_at') }}
),

ticked as (
    select customer_id, as_of, {{ first_tick('wanted_microseconds', 'first_microseconds', 'every_microseconds') }} as checked_at
    from scheduled
    where every_microseconds is not null
    union
    select scheduled.customer_id, scheduled.as_of, min(schedule_ticks.tick_at)
    from scheduled
    inner join schedule_ticks on scheduled.schedule_id = schedule_ticks.schedule_id and schedule_ticks.tick_at >= scheduled.wanted_at
    where scheduled.every_microseconds is null
    group by scheduled.customer_id, scheduled.as_of, scheduled.wanted_at
),

final as (
    select ticked.customer_id, ticked.checked_at, attempted.attempted_at
    from ticked
    left join attempted on ticked.customer_id = attempted.customer_id
    where ticked.checked_at <= ticked.as_of and (attempted.attempted_at is null or ticked.checked_at > attempted.attempted_at)
)

select * from final
