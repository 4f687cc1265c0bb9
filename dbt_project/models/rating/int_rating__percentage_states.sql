with percentage_events as (
    select * from {{ ref('int_rating__percentage_events') }}
),

paid as (
    select
        *,
        is_transaction and not is_free as is_paid,
        {{ quantity('event_units - free_units') }} as paid_units
    from percentage_events
),

priced as (
    select *, {{ working(times('paid_units', 'rate_share') ~ ' + ' ~ working('fixed_amount')) }} as event_amount
    from paid
),

-- The minimum wins, else the maximum (rating, section 4.6).
bounded as (
    select
        *,
        is_paid and event_amount < least_amount as is_raised,
        is_paid and coalesce(event_amount >= least_amount, true) and event_amount > most_amount as is_capped
    from priced
),

counted as (
    select
        price_bucket_id,
        last_event_number,
        has_whole,
        event_number,
        free_units,
        case when is_free then 1 else 0 end as free_event,
        paid_units,
        case when is_paid then 1 else 0 end as paid_event,
        case when is_raised then 1 else 0 end as raised_event,
        case when is_capped then 1 else 0 end as capped_event,
        case when is_raised or is_capped then paid_units else {{ quantity('0') }} end as replaced_units
    from bounded
),

-- As they stand after every event where a quantity reaches to one, and after the last where one has the whole bucket.
final as (
    select
        price_bucket_id,
        event_number,
        {{ quantity(running_sum('free_units', 'price_bucket_id', 'event_number')) }} as free_units,
        cast({{ running_sum('free_event', 'price_bucket_id', 'event_number') }} as bigint) as free_events,
        {{ quantity(running_sum('paid_units', 'price_bucket_id', 'event_number')) }} as paid_units,
        cast({{ running_sum('paid_event', 'price_bucket_id', 'event_number') }} as bigint) as paid_events,
        cast({{ running_sum('raised_event', 'price_bucket_id', 'event_number') }} as bigint) as raised_events,
        cast({{ running_sum('capped_event', 'price_bucket_id', 'event_number') }} as bigint) as capped_events,
        {{ quantity(running_sum('replaced_units', 'price_bucket_id', 'event_number')) }} as replaced_units
    from counted
    where last_event_number is not null
    union all
    select
        price_bucket_id,
        null,
        {{ quantity('sum(free_units)') }},
        cast(sum(free_event) as bigint),
        {{ quantity('sum(paid_units)') }},
        cast(sum(paid_event) as bigint),
        cast(sum(raised_event) as bigint),
        cast(sum(capped_event) as bigint),
        {{ quantity('sum(replaced_units)') }}
    from counted
    where has_whole
    group by price_bucket_id
)

select * from final
