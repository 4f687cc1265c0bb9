with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'graduated' and prorated
),

event_changes as (
    select * from {{ ref('int_metering__event_changes') }}
),

-- The units of a fixed charge move once, to the full units that the period ends with (rating, section 7).
changed as (
    select
        priced_usage.usage_id,
        event_changes.event_number,
        event_changes.change_quantity,
        event_changes.prorated_quantity
    from priced_usage
    inner join event_changes
        on priced_usage.window_charge_id = event_changes.window_charge_id
        and coalesce(priced_usage.charge_filter_id, '') = coalesce(event_changes.charge_filter_id, '')
        and coalesce(priced_usage.group_key, '') = coalesce(event_changes.group_key, '')
    where priced_usage.usage_kind <> 'fixed'
    union all
    select usage_id, 1 as event_number, full_units, units
    from priced_usage
    where usage_kind = 'fixed'
),

moved as (
    select
        *,
        {{ quantity(running_sum('change_quantity', 'usage_id', 'event_number')) }} as after_units
    from changed
),

final as (
    select
        usage_id,
        cast(event_number as bigint) as event_number,
        change_quantity,
        prorated_quantity,
        {{ quantity('after_units - change_quantity') }} as before_units,
        after_units
    from moved
)

select * from final
