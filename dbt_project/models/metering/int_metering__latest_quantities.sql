with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where aggregation_type = 'latest_agg' and is_counted
),

ranked as (
    select
        window_charge_id, charge_filter_id, group_key, field_value,
        {{ recency('window_charge_id, charge_filter_id, group_key') }} as recency,
        count(*) over (partition by window_charge_id, charge_filter_id, group_key) as events_count
    from bucketed_events
),

final as (
    select
        window_charge_id, charge_filter_id, group_key, events_count,
        {{ latest_units('field_value') }} as units
    from ranked
    where recency = 1
)

select * from final
