with charge_prices as (
    select * from {{ ref('stg_catalog__charge_prices') }}
),

tier_bounds as (
    select * from {{ ref('int_rating__tier_bounds') }}
),

charge_parameters as (
    select * from {{ ref('stg_catalog__charge_parameters') }} where key not in ('from', 'to')
),

-- What units are multiplied by, and what is due per event. Which number a SQL charge multiplies is in its SQL: any but a bound may be a price.
factors as (
    select
        charge_id, charge_filter_id, valid_from, valid_to, package_size, amount as unit_factor, cast(null as decimal(38, 12)) as event_factor,
        case when per_transaction_min_amount is not null or per_transaction_max_amount is not null
            or free_units_per_events is not null or free_units_per_total_aggregation is not null then 1 else 0 end as looks
    from charge_prices
    union all
    select charge_id, charge_filter_id, valid_from, valid_to, null, {{ percent('rate') }}, fixed_amount, 0 from charge_prices
    union all
    select charge_id, charge_filter_id, valid_from, valid_to, null, null, per_transaction_min_amount, 0 from charge_prices
    union all
    select charge_id, charge_filter_id, valid_from, valid_to, null, null, per_transaction_max_amount, 0 from charge_prices
    union all
    select charge_id, charge_filter_id, valid_from, valid_to, null, abs({{ plain_number('value') }}), null, 0 from charge_parameters
    union all
    select charge_id, charge_filter_id, valid_from, valid_to, null, coalesce(per_unit_amount, {{ percent('rate') }}), null, 0 from tier_bounds
),

largest as (
    select
        charge_id, charge_filter_id, valid_from, valid_to,
        max(package_size) as package_size, max(unit_factor) as unit_factor, max(event_factor) as event_factor, max(looks) = 1 as looks_at_events
    from factors
    group by charge_id, charge_filter_id, valid_from, valid_to
),

limited as (
    select
        charge_id, charge_filter_id, valid_from, valid_to, package_size, looks_at_events,
        {{ most_units('unit_factor') }} as most_units,
        {{ most_units('event_factor') }} as most_events
    from largest
),

-- A package is priced, not its units: whole packages are counted.
packed as (
    select
        charge_id, charge_filter_id, valid_from, valid_to, looks_at_events, most_units, most_events,
        cast(floor(most_units) as decimal(38, 0)) * cast(package_size as decimal(38, 0)) as most_packed_units
    from limited
),

final as (
    select
        charge_id, charge_filter_id, valid_from, valid_to,
        case
            when most_packed_units is null then most_units
            when most_packed_units < 100000000000000 then {{ quantity('most_packed_units') }}
            else {{ largest_units() }}
        end as most_units,
        most_events,
        looks_at_events
    from packed
)

select * from final
