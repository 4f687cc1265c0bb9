with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
    where charge_model in ('percentage', 'custom') or (charge_model = 'graduated' and prorated)
),

event_changes as (
    select * from {{ ref('int_metering__event_changes') }}
),

-- Only these models look at single events.
looked_at as (
    select distinct window_charge_id from chargeable_quantities
),

final as (
    select
        event_changes.window_charge_id,
        event_changes.charge_filter_id,
        event_changes.group_key,
        event_changes.event_number,
        {{ quantity(running_sum('abs(event_changes.change_quantity)', 'event_changes.window_charge_id, event_changes.charge_filter_id, event_changes.group_key', 'event_changes.event_number')) }} as moved_units
    from event_changes
    inner join looked_at on event_changes.window_charge_id = looked_at.window_charge_id
)

select * from final
