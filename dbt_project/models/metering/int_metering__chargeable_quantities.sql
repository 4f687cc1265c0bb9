with quantities as (
    select * from {{ ref('int_metering__quantities') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

-- The period's usage is billed in arrears; a charge in advance has a fee per event instead.
period_rows as (
    select
        quantities.usage_id,
        'period' as usage_kind,
        quantities.window_charge_id,
        window_charges.charge_id,
        quantities.charge_filter_id,
        quantities.group_key,
        window_charges.charge_model,
        window_charges.currency,
        window_charges.prorated,
        window_charges.horizon_at,
        quantities.units,
        quantities.full_units,
        quantities.total_aggregated_units,
        quantities.events_count,
        quantities.precise_total_amount_cents,
        cast(null as bigint) as through_event_number
    from quantities
    inner join window_charges on quantities.window_charge_id = window_charges.window_charge_id
    where not window_charges.pay_in_advance
),

final as (
    select * from period_rows
)

select * from final
