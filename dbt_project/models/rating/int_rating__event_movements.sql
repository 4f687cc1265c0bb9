{{ config(materialized='view') }}
{%- set bucket = 'event_changes.window_charge_id, event_changes.charge_filter_id, event_changes.group_key' -%}
with whole_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
    where (charge_model in ('percentage', 'custom') or (charge_model = 'graduated' and prorated)) and through_event_number is null
),

reaching_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
    where (charge_model in ('percentage', 'custom') or (charge_model = 'graduated' and prorated)) and through_event_number is not null
),

event_changes as (
    select * from {{ ref('int_metering__event_changes') }}
),

-- Only these models look at single events, most of them at a bucket as a whole.
final as (
    select
        {{ bucket }}, event_changes.event_number,
        {{ quantity(running_sum('abs(event_changes.change_quantity)', bucket, 'event_changes.event_number')) }} as moved_units
    from event_changes
    semi join reaching_quantities on event_changes.window_charge_id = reaching_quantities.window_charge_id
    union all
    select {{ bucket }}, null, {{ quantity('sum(abs(event_changes.change_quantity))') }}
    from event_changes
    semi join whole_quantities on event_changes.window_charge_id = whole_quantities.window_charge_id
    group by {{ bucket }}
)

select * from final
