with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
    where charge_model in ('percentage', 'custom') or (charge_model = 'graduated' and prorated)
),

event_changes as (
    select * from {{ ref('int_metering__event_changes') }}
),

-- Only these models look at single events, most of them at a bucket as a whole.
looked_at as (
    select
        window_charge_id,
        max(case when through_event_number is null then 1 else 0 end) = 1 as has_whole,
        max(case when through_event_number is null then 0 else 1 end) = 1 as has_parts
    from chargeable_quantities
    group by window_charge_id
),

changes as (
    select
        event_changes.window_charge_id, event_changes.charge_filter_id, event_changes.group_key, event_changes.event_number,
        looked_at.has_whole, looked_at.has_parts,
        abs(event_changes.change_quantity) as moved_units
    from event_changes
    inner join looked_at on event_changes.window_charge_id = looked_at.window_charge_id
),

final as (
    select
        window_charge_id,
        charge_filter_id,
        group_key,
        event_number,
        {{ quantity(running_sum('moved_units', 'window_charge_id, charge_filter_id, group_key', 'event_number')) }} as moved_units
    from changes
    where has_parts
    union all
    select window_charge_id, charge_filter_id, group_key, null, {{ quantity('sum(moved_units)') }}
    from changes
    where has_whole
    group by window_charge_id, charge_filter_id, group_key
)

select * from final
