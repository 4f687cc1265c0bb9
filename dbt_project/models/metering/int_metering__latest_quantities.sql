with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where aggregation_type = 'latest_agg' and is_counted
),

ranked as (
    select
        window_charge_id, charge_filter_id, group_key, field_value,
        row_number() over (
            partition by window_charge_id, charge_filter_id, group_key
            order by timestamp desc, received_at desc, received_sequence desc
        ) as recency,
        count(*) over (partition by window_charge_id, charge_filter_id, group_key) as events_count
    from bucketed_events
),

final as (
    select
        window_charge_id, charge_filter_id, group_key, events_count,
        case when field_value < 0 then {{ quantity('0') }} else field_value end as units
    from ranked
    where recency = 1
)

select * from final
