with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where aggregation_type = 'weighted_sum_agg' and is_counted
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where aggregation_type = 'weighted_sum_agg'
),

-- Wall time, so that every day of the customer weighs the same and a constant level is itself also where the clocks change.
-- The window ends at the whole second (rating, section 2.6).
bounded as (
    select
        window_charge_id, timezone, period_days, from_at,
        {{ window_end_microsecond('to_at', 'timezone') }} as ends_at_microsecond
    from window_charges
),

timed as (
    select
        bucketed_events.window_charge_id, bucketed_events.charge_filter_id, bucketed_events.group_key,
        bounded.period_days,
        bucketed_events.is_before_window,
        bucketed_events.field_value,
        {{ held_microseconds('bucketed_events', 'bounded') }} as held_microseconds
    from bucketed_events
    inner join bounded on bucketed_events.window_charge_id = bounded.window_charge_id
),

-- The area under the level is what each change adds to it, times how long it lasts: no order, and nothing to deduplicate.
summed as (
    select
        window_charge_id, charge_filter_id, group_key, period_days,
        count(case when not is_before_window then 1 end) as events_count,
        {{ quantity('sum(field_value)') }} as level_at_end,
        {{ quantity('coalesce(sum(case when not is_before_window then field_value end), 0)') }} as level_change,
        {{ million_microseconds() }} as million_microseconds,
        {{ rest_microseconds() }} as rest_microseconds
    from timed
    group by window_charge_id, charge_filter_id, group_key, period_days
),

final as (
    select
        window_charge_id, charge_filter_id, group_key, events_count, level_at_end, level_change,
        {{ weighted_units('million_microseconds', 'rest_microseconds', 'period_days') }} as units
    from summed
    where group_key is null or events_count > 0 or level_at_end <> 0
)

select * from final
