with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
),

seen as (
    select * from {{ ref('int_rating__event_movements') }} where event_number is not null
),

moved as (
    select * from {{ ref('int_rating__event_movements') }} where event_number is null
),

price_limits as (
    select * from {{ ref('int_rating__price_limits') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }}
),

pricing_units as (
    select * from {{ ref('stg_catalog__pricing_units') }}
),

-- An amount in a pricing unit is settled in its decimals and converted; both stay in the domain too. A percentage adds four parts.
converted as (
    select
        charges.charge_id, charges.valid_from, charges.valid_to,
        4 * cast(ceil(charges.conversion_rate) as decimal(38, 0)) as rate_divisor,
        4 * max(coalesce({{ minor_units('pricing_units.exponent - 4') }}, 1)) as decimals_divisor
    from charges
    inner join pricing_units on charges.pricing_unit_id = pricing_units.pricing_unit_id
    group by charges.charge_id, charges.valid_from, charges.valid_to, charges.conversion_rate
),

-- A move over a bound is divided, which needs three digits more.
limited as (
    select
        chargeable_quantities.*,
        case
            when chargeable_quantities.charge_model = 'percentage' and not price_limits.looks_at_events then null
            when chargeable_quantities.through_event_number is null then moved.moved_units
            else seen.moved_units
        end as moved_units,
        coalesce(price_limits.most_units, {{ largest_units() }}) as price_units,
        coalesce(price_limits.most_events, {{ largest_units() }}) as price_events,
        cast(case
            when converted.rate_divisor > converted.decimals_divisor then converted.rate_divisor
            when converted.charge_id is not null then converted.decimals_divisor
            when chargeable_quantities.charge_model = 'graduated' and chargeable_quantities.prorated then 1000
            else 1
        end as decimal(38, 0)) as divisor
    from chargeable_quantities
    left join price_limits
        on chargeable_quantities.charge_id = price_limits.charge_id
        and coalesce(chargeable_quantities.charge_filter_id, '') = coalesce(price_limits.charge_filter_id, '')
        and {{ known_at('price_limits', 'chargeable_quantities.horizon_at') }}
    left join converted
        on chargeable_quantities.charge_id = converted.charge_id and {{ known_at('converted', 'chargeable_quantities.horizon_at') }}
    left join moved
        on chargeable_quantities.window_charge_id = moved.window_charge_id
        and coalesce(chargeable_quantities.charge_filter_id, '') = coalesce(moved.charge_filter_id, '')
        and coalesce(chargeable_quantities.group_key, '') = coalesce(moved.group_key, '')
    left join seen
        on chargeable_quantities.window_charge_id = seen.window_charge_id
        and coalesce(chargeable_quantities.charge_filter_id, '') = coalesce(seen.charge_filter_id, '')
        and coalesce(chargeable_quantities.group_key, '') = coalesce(seen.group_key, '')
        and chargeable_quantities.through_event_number = seen.event_number
),

bounded as (
    select
        *,
        case when divisor = 1 then price_units else {{ unscaled(div_down(scaled('price_units', 12), 'divisor'), 12) }} end as most_units,
        case when divisor = 1 then price_events else {{ unscaled(div_down(scaled('price_events', 12), 'divisor'), 12) }} end as most_events
    from limited
),

-- What events state is in minor units, and at most a thousand make one unit of a currency; over very few units it makes a very large unit amount.
final as (
    select usage_id, usage_kind, window_charge_id, charge_id, charge_filter_id, group_key, horizon_at, units, full_units
    from bounded
    where abs(units) > most_units or abs(full_units) > most_units or moved_units > most_units or events_count > most_events
        or abs(precise_total_amount_cents) >= 10000000000000000
        or (abs(precise_total_amount_cents) >= 10000000000 and full_units <> 0 and abs(full_units) < 0.000001)
)

select * from final
