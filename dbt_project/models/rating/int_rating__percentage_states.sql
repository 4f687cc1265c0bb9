{%- set by_now = 'over (partition by price_bucket_id order by event_number rows unbounded preceding)' -%}
with whole_events as (
    select * from {{ ref('int_rating__percentage_events') }} where last_event_number is null
),

reached_events as (
    select * from {{ ref('int_rating__percentage_events') }} where last_event_number is not null
),

-- As they stand after the last event where a quantity has the whole bucket, and after every event where quantities reach to one.
final as (
    select
        price_bucket_id,
        cast(null as bigint) as event_number,
        {{ quantity('sum(free_units)') }} as free_units,
        count(case when is_free then 1 end) as free_events,
        {{ quantity('sum(paid_units)') }} as paid_units,
        count(case when is_paid then 1 end) as paid_events,
        count(case when is_raised then 1 end) as raised_events,
        count(case when is_capped then 1 end) as capped_events,
        {{ quantity('sum(replaced_units)') }} as replaced_units
    from whole_events
    group by price_bucket_id
    union all
    select
        price_bucket_id,
        event_number,
        {{ quantity('sum(free_units) ' ~ by_now) }},
        count(case when is_free then 1 end) {{ by_now }},
        {{ quantity('sum(paid_units) ' ~ by_now) }},
        count(case when is_paid then 1 end) {{ by_now }},
        count(case when is_raised then 1 end) {{ by_now }},
        count(case when is_capped then 1 end) {{ by_now }},
        {{ quantity('sum(replaced_units) ' ~ by_now) }}
    from reached_events
)

select * from final
