with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where needs_event_changes and is_counted
),

numbered as (
    select
        *,
        row_number() over (
            partition by window_charge_id, charge_filter_id, group_key order by timestamp, received_at, received_sequence
        ) as event_number,
        case when {{ json_text('properties', "'operation_type'") }} = 'remove' then 0 else 1 end as is_active_after,
        max(field_value) over (partition by window_charge_id, charge_filter_id, group_key) as largest_value
    from bucketed_events
),

-- A value of a unique count is active after an event that adds it; an add of an active value changes nothing.
compared as (
    select
        *,
        lag(is_active_after, 1, 0) over (
            partition by window_charge_id, charge_filter_id, group_key, field_text order by event_number
        ) as is_active_before,
        row_number() over (
            partition by window_charge_id, charge_filter_id, group_key, field_value order by event_number
        ) as value_number
    from numbered
),

changed as (
    select
        *,
        case aggregation_type
            when 'count_agg' then {{ quantity('1') }}
            when 'unique_count_agg' then {{ quantity('is_active_after - is_active_before') }}
            when 'max_agg' then case when field_value = largest_value and value_number = 1 then field_value else {{ quantity('0') }} end
            else field_value
        end as change_quantity
    from compared
),

final as (
    select
        window_charge_id, charge_filter_id, group_key,
        cast(event_number as bigint) as event_number,
        external_subscription_id, transaction_id, timestamp, known_at,
        change_quantity,
        change_quantity as prorated_quantity,
        precise_total_amount_cents
    from changed
)

select * from final
