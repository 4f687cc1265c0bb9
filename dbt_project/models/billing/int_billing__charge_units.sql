with window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

advance_fees as (
    select * from {{ ref('int_rating__advance_fees') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }} where pricing_unit_id is not null
),

pricing_units as (
    select * from {{ ref('stg_catalog__pricing_units') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- A fee in advance is priced on its own.
priced as (
    select window_charge_id, charge_id, currency, horizon_at from window_charges
    union all
    select fee_id, charge_id, currency, horizon_at from advance_fees
),

-- What a charge is priced in: a pricing unit with its own decimals, or the currency of the plan.
final as (
    select
        priced.window_charge_id,
        charges.pricing_unit_id,
        pricing_units.code as pricing_unit_code,
        pricing_units.short_name as pricing_unit_short_name,
        charges.conversion_rate,
        case when pricing_units.pricing_unit_id is null then currencies.minor_units else {{ minor_units('pricing_units.exponent') }} end as minor_units
    from priced
    inner join currencies on priced.currency = currencies.currency
    left join charges
        on priced.charge_id = charges.charge_id and {{ known_at('charges', 'priced.horizon_at') }}
    left join pricing_units
        on charges.pricing_unit_id = pricing_units.pricing_unit_id and {{ known_at('pricing_units', 'priced.horizon_at') }}
)

select * from final
