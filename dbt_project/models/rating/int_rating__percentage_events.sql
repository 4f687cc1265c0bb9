{{ config(materialized='view') }}
{%- set event = 'price_bucket_id, last_event_number, rate_share, fixed_amount, least_amount, most_amount, event_number, is_transaction, event_units' -%}
{%- set transactions_so_far = 'count(case when is_transaction then 1 end) over (partition by price_bucket_id order by event_number rows unbounded preceding)' -%}
with counted_events as (
    select * from {{ ref('int_rating__percentage_event_units') }} where free_events_allowed is not null and free_units_allowed is null
),

measured_events as (
    select * from {{ ref('int_rating__percentage_event_units') }} where free_units_allowed is not null
),

other_events as (
    select * from {{ ref('int_rating__percentage_event_units') }} where free_events_allowed is null and free_units_allowed is null
),

counted as (
    select {{ event }}, is_transaction and {{ transactions_so_far }} <= free_events_allowed as is_free
    from counted_events
),

placed as (
    select
        *,
        {{ transactions_so_far }} as place,
        {{ running_sum('event_units', 'price_bucket_id', 'event_number') }} as running_units
    from measured_events
),

peaked as (
    select *, max(running_units) over (partition by price_bucket_id order by event_number rows between unbounded preceding and 1 preceding) as earlier_peak
    from placed
),

-- Whichever allowance is used up first ends both (rating, section 4.6): in a total the free amount once it is exceeded, on its own once it is reached.
allowed as (
    select
        *,
        is_transaction and coalesce(place <= free_events_allowed, true)
        and coalesce(earlier_peak < free_units_allowed or (not is_per_transaction and earlier_peak = free_units_allowed), true) as is_allowed
    from peaked
),

-- Events stand in order only where an allowance asks for it: without one none is free.
freed as (
    select
        {{ event }},
        case
            when not is_allowed then {{ quantity('0') }}
            when running_units > free_units_allowed then {{ quantity('free_units_allowed - (running_units - event_units)') }}
            else event_units
        end as free_units,
        -- On its own, an event that uses up the free amount exactly is still free; in a total it pays the fixed amount.
        is_allowed and (running_units < free_units_allowed or (is_per_transaction and running_units = free_units_allowed)) as is_free
    from allowed
    union all
    select {{ event }}, case when is_free then event_units else {{ quantity('0') }} end, is_free from counted
    union all
    select {{ event }}, {{ quantity('0') }}, false from other_events
),

paid as (
    select
        *,
        is_transaction and not is_free as is_paid,
        {{ quantity('event_units - free_units') }} as paid_units
    from freed
),

-- What an event comes to is asked by a minimum or a maximum alone.
priced as (
    select
        *,
        case when least_amount is not null or most_amount is not null
            then {{ working(times('paid_units', 'rate_share') ~ ' + ' ~ working('fixed_amount')) }}
        end as event_amount
    from paid
),

-- The minimum wins, else the maximum (rating, section 4.6).
bounded as (
    select
        *,
        is_paid and coalesce(event_amount < least_amount, false) as is_raised,
        is_paid and coalesce(event_amount >= least_amount, true) and coalesce(event_amount > most_amount, false) as is_capped
    from priced
),

final as (
    select
        price_bucket_id, last_event_number, event_number, free_units, is_free, paid_units, is_paid, is_raised, is_capped,
        case when is_raised or is_capped then paid_units else {{ quantity('0') }} end as replaced_units
    from bounded
)

select * from final
