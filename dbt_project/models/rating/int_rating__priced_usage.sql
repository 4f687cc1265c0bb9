with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
),

charge_prices as (
    select * from {{ ref('stg_catalog__charge_prices') }}
),

-- Tiered models have no scalar terms, so their charges have no row to join.
final as (
    select
        chargeable_quantities.usage_id,
        chargeable_quantities.usage_kind,
        chargeable_quantities.window_charge_id,
        chargeable_quantities.charge_filter_id,
        chargeable_quantities.group_key,
        chargeable_quantities.charge_id,
        chargeable_quantities.charge_model,
        chargeable_quantities.currency,
        chargeable_quantities.prorated,
        chargeable_quantities.horizon_at,
        chargeable_quantities.events_count,
        chargeable_quantities.units,
        chargeable_quantities.full_units,
        chargeable_quantities.total_aggregated_units,
        chargeable_quantities.precise_total_amount_cents,
        chargeable_quantities.through_event_number,
        charge_prices.amount as unit_or_package_amount,
        charge_prices.package_size,
        charge_prices.free_units
    from chargeable_quantities
    left join charge_prices
        on chargeable_quantities.charge_id = charge_prices.charge_id
        and coalesce(chargeable_quantities.charge_filter_id, '') = coalesce(charge_prices.charge_filter_id, '')
        and {{ known_at('charge_prices', 'chargeable_quantities.horizon_at') }}
)

select * from final
