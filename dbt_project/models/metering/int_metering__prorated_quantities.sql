with event_changes as (
    select * from {{ ref('int_metering__event_changes') }} where billed_days is not null
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

-- A charge in advance pays its share event by event; at the end of the period it is billed for whole units (rating, section 5.3).
held as (
    select
        event_changes.window_charge_id, event_changes.charge_filter_id, event_changes.group_key,
        window_charges.period_days,
        {{ quantity('sum(' ~ times_whole('event_changes.change_quantity', 'event_changes.billed_days') ~ ')') }} as unit_days
    from event_changes
    inner join window_charges on event_changes.window_charge_id = window_charges.window_charge_id
    where not window_charges.pay_in_advance
    group by event_changes.window_charge_id, event_changes.charge_filter_id, event_changes.group_key, window_charges.period_days
),

final as (
    select
        window_charge_id, charge_filter_id, group_key,
        {{ unscaled(div_round(scaled('unit_days', 12), 'period_days'), 12) }} as exact_units,
        {{ quantity(unscaled(div_ceil(scaled('unit_days', 12), 'period_days * 10000000'), 5)) }} as units
    from held
)

select * from final
