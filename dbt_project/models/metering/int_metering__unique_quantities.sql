with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where aggregation_type = 'unique_count_agg' and is_counted
),

-- An add of an active value and a remove of an inactive one change nothing, so a value is active when its last event adds it.
ranked as (
    select
        window_charge_id, charge_filter_id, group_key, is_before_window,
        coalesce({{ json_text('properties', "'operation_type'") }}, 'add') as operation_type,
        {{ recency('window_charge_id, charge_filter_id, group_key, field_text') }} as recency
    from bucketed_events
),

counted as (
    select
        window_charge_id, charge_filter_id, group_key,
        count(case when operation_type <> 'remove' then 1 end) as active_values
    from ranked
    where recency = 1
    group by window_charge_id, charge_filter_id, group_key
    having group_key is null or count(case when is_before_window and operation_type = 'remove' then null else 1 end) > 0
),

final as (
    select
        window_charge_id, charge_filter_id, group_key,
        active_values as events_count,
        {{ quantity('active_values') }} as units
    from counted
)

select * from final
