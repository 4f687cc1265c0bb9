{{ config(materialized='view') }}
with advance_changes as (
    select * from {{ ref('int_metering__advance_changes') }} where charge_model in ('standard', 'percentage')
),

charge_events as (
    select * from {{ ref('int_metering__advance_charge_events') }}
),

-- An event on its own, whatever was used before it (rating, section 5.5).
final as (
    select
        advance_changes.fee_id as usage_id,
        'instant' as usage_kind,
        advance_changes.window_charge_id,
        advance_changes.charge_id,
        advance_changes.charge_filter_id,
        advance_changes.group_key,
        advance_changes.charge_model,
        charge_events.currency,
        false as prorated,
        advance_changes.billed_at as horizon_at,
        advance_changes.change_quantity as units,
        advance_changes.change_quantity as full_units,
        advance_changes.change_quantity as total_aggregated_units,
        cast(1 as bigint) as events_count,
        {{ quantity('coalesce(advance_changes.precise_total_amount_cents, 0)') }} as precise_total_amount_cents,
        cast(null as bigint) as through_event_number
    from advance_changes
    inner join charge_events
        on advance_changes.window_charge_id = charge_events.window_charge_id
        and advance_changes.external_subscription_id = charge_events.external_subscription_id
        and advance_changes.transaction_id = charge_events.transaction_id
)

select * from final
