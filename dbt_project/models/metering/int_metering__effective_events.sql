with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where needs_event_changes and is_counted
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

contributions as (
    select * from {{ ref('int_metering__sql_metric_contributions') }}
),

placed as (
    select
        bucketed_events.*,
        contributions.quantity as contributed_quantity,
        row_number() over (
            partition by bucketed_events.window_charge_id, bucketed_events.charge_filter_id, bucketed_events.group_key
            order by bucketed_events.timestamp, bucketed_events.received_at, bucketed_events.received_sequence
        ) as place,
        case when {{ json_text('bucketed_events.properties', "'operation_type'") }} = 'remove' then 0 else 1 end as is_active_after,
        case when window_charges.prorated then {{ local_date('bucketed_events.timestamp', 'window_charges.timezone') }} end as occurs_on,
        bucketed_events.aggregation_type = 'unique_count_agg' and window_charges.prorated and not window_charges.pay_in_advance as bills_held_days,
        window_charges.charge_model = 'percentage' as counts_carried_events
    from bucketed_events
    inner join window_charges on bucketed_events.window_charge_id = window_charges.window_charge_id
    left join contributions
        on bucketed_events.window_charge_id = contributions.window_charge_id
        and bucketed_events.external_subscription_id = contributions.external_subscription_id
        and bucketed_events.transaction_id = contributions.transaction_id
    where bucketed_events.aggregation_type <> 'custom_agg' or contributions.quantity is not null
),

surveyed as (
    select
        *,
        max(field_value) over (partition by window_charge_id, charge_filter_id, group_key) as largest_value,
        row_number() over (partition by window_charge_id, charge_filter_id, group_key, field_value order by place) as value_number,
        max(case when is_active_after = 1 then place end) over (
            partition by window_charge_id, charge_filter_id, group_key, field_text, occurs_on
        ) as last_add_of_day
    from placed
),

-- A value that comes back on the day it left was there all day: its removal is void (rating, section 2.9).
walked as (
    select
        *,
        lag(is_active_after, 1, 0) over (partition by window_charge_id, charge_filter_id, group_key, field_text order by place) as is_active_before
    from surveyed
    where not bills_held_days or is_active_after = 1 or last_add_of_day is null or last_add_of_day < place
),

-- A value of a unique count is active after an event that adds it; an add of an active value changes nothing.
changed as (
    select
        *,
        case aggregation_type
            when 'count_agg' then {{ quantity('1') }}
            when 'custom_agg' then contributed_quantity
            when 'unique_count_agg' then {{ quantity('is_active_after - is_active_before') }}
            when 'max_agg' then case when field_value = largest_value and value_number = 1 then field_value else {{ quantity('0') }} end
            else field_value
        end as change_quantity
    from walked
),

held as (
    select
        *,
        lead(occurs_on) over (partition by window_charge_id, charge_filter_id, group_key, field_text order by place) as leaves_on,
        lead(is_before_window) over (partition by window_charge_id, charge_filter_id, group_key, field_text order by place) as leaves_before_window
    from changed
    where not bills_held_days or change_quantity <> 0
),

-- What left before the window is no part of it, neither its coming nor its leaving.
final as (
    select
        window_charge_id, charge_filter_id, group_key, place, is_before_window, bills_held_days, counts_carried_events,
        external_subscription_id, transaction_id, timestamp, known_at, occurs_on,
        case when bills_held_days then leaves_on end as leaves_on,
        change_quantity, precise_total_amount_cents, properties
    from held
    where not bills_held_days or not is_before_window or (change_quantity > 0 and not coalesce(leaves_before_window, false))
)

select * from final
