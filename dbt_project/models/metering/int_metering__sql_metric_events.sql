with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where aggregation_type = 'custom_agg'
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where aggregation_type = 'custom_agg'
),

final as (
    select
        window_charges.sql_metric,
        bucketed_events.window_charge_id,
        bucketed_events.charge_filter_id,
        bucketed_events.group_key,
        window_charges.from_at,
        window_charges.to_at,
        window_charges.timezone,
        bucketed_events.external_subscription_id,
        bucketed_events.transaction_id,
        bucketed_events.timestamp,
        bucketed_events.is_before_window,
        row_number() over (
            partition by bucketed_events.window_charge_id, bucketed_events.charge_filter_id, bucketed_events.group_key
            order by bucketed_events.timestamp, bucketed_events.received_at, bucketed_events.received_sequence
        ) as event_number,
        bucketed_events.properties,
        bucketed_events.field_text,
        bucketed_events.field_value
    from bucketed_events
    inner join window_charges on bucketed_events.window_charge_id = window_charges.window_charge_id
)

select * from final
