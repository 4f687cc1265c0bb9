with sql_charge_usage as (
    select * from {{ ref('int_rating__sql_charge_usage') }}
),

event_changes as (
    select * from {{ ref('int_metering__event_changes') }}
),

effective_events as (
    select * from {{ ref('int_metering__effective_events') }}
),

final as (
    select
        sql_charge_usage.usage_id,
        event_changes.event_number,
        event_changes.external_subscription_id,
        event_changes.transaction_id,
        event_changes.timestamp,
        event_changes.change_quantity,
        effective_events.properties
    from sql_charge_usage
    inner join event_changes
        on sql_charge_usage.window_charge_id = event_changes.window_charge_id
        and coalesce(sql_charge_usage.charge_filter_id, '') = coalesce(event_changes.charge_filter_id, '')
        and coalesce(sql_charge_usage.group_key, '') = coalesce(event_changes.group_key, '')
    left join effective_events
        on event_changes.window_charge_id = effective_events.window_charge_id
        and event_changes.transaction_id = effective_events.transaction_id
)

select * from final
