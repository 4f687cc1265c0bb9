with quantities as (
    select * from {{ ref('int_metering__quantities') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

charge_prices as (
    select * from {{ ref('stg_catalog__charge_prices') }}
),

-- Tiered models have no scalar terms, so their charges have no row to join.
final as (
    select
        quantities.usage_id,
        quantities.window_charge_id,
        quantities.charge_filter_id,
        quantities.group_key,
        window_charges.charge_id,
        window_charges.charge_model,
        window_charges.horizon_at,
        quantities.events_count,
        quantities.units,
        charge_prices.amount as unit_or_package_amount,
        charge_prices.package_size,
        charge_prices.free_units
    from quantities
    inner join window_charges on quantities.window_charge_id = window_charges.window_charge_id
    left join charge_prices
        on window_charges.charge_id = charge_prices.charge_id
        and coalesce(quantities.charge_filter_id, '') = coalesce(charge_prices.charge_filter_id, '')
        and {{ known_at('charge_prices', 'window_charges.horizon_at') }}
)

select * from final
