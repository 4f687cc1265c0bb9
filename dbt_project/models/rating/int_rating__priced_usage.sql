{{ config(materialized='view') }}
with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
),

usage_out_of_domain as (
    select usage_id from {{ ref('int_rating__usage_out_of_domain') }}
),

charge_prices as (
    select *, {{ price_id('charge_id', 'charge_filter_id', 'valid_from') }} as price_id, {{ percent('rate') }} as rate_share
    from {{ ref('stg_catalog__charge_prices') }}
),

-- The one place through which all that is priced passes: what may leave the domain of money does not.
-- What is not used by the charge's model is null. In advance the first units owe the first flat fee, never none (rating, section 5.2);
-- of a period that begins with units, the renewal owes it.
final as (
    select
        chargeable_quantities.usage_id,
        chargeable_quantities.usage_kind,
        chargeable_quantities.window_charge_id,
        chargeable_quantities.charge_id,
        chargeable_quantities.charge_filter_id,
        chargeable_quantities.group_key,
        chargeable_quantities.charge_model,
        chargeable_quantities.currency,
        chargeable_quantities.prorated,
        chargeable_quantities.horizon_at,
        chargeable_quantities.through_event_number,
        chargeable_quantities.events_count,
        chargeable_quantities.units,
        chargeable_quantities.full_units,
        chargeable_quantities.total_aggregated_units,
        chargeable_quantities.precise_total_amount_cents,
        charge_prices.price_id,
        charge_prices.amount as unit_or_package_amount,
        charge_prices.package_size,
        charge_prices.free_units,
        charge_prices.sql_charge,
        charge_prices.rate,
        charge_prices.rate_share,
        charge_prices.fixed_amount,
        charge_prices.free_units_per_events,
        charge_prices.free_units_per_total_aggregation,
        charge_prices.per_transaction_min_amount,
        charge_prices.per_transaction_max_amount,
        chargeable_quantities.usage_kind <> 'advance' and coalesce(charge_prices.bills_flat_without_usage, true) as bills_flat_without_usage
    from chargeable_quantities
    left join charge_prices
        on chargeable_quantities.charge_id = charge_prices.charge_id
        and coalesce(chargeable_quantities.charge_filter_id, '') = coalesce(charge_prices.charge_filter_id, '')
        and {{ known_at('charge_prices', 'chargeable_quantities.horizon_at') }}
    left join usage_out_of_domain on chargeable_quantities.usage_id = usage_out_of_domain.usage_id
    where usage_out_of_domain.usage_id is null
)

select * from final
