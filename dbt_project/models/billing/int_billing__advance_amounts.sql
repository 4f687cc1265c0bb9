with advance_fees as (
    select * from {{ ref('int_rating__advance_fees') }}
),

charge_units as (
    select * from {{ ref('int_billing__charge_units') }}
),

rounded as (
    select
        advance_fees.fee_id,
        charge_units.pricing_unit_id,
        charge_units.pricing_unit_code,
        charge_units.pricing_unit_short_name,
        charge_units.conversion_rate,
        charge_units.minor_units,
        {{ unit_price('advance_fees.amount', 'advance_fees.units') }} as own_unit_amount,
        advance_fees.amount as own_amount,
        {{ round_money('advance_fees.amount', 'charge_units.minor_units') }} as own_amount_cents
    from advance_fees
    inner join charge_units on advance_fees.fee_id = charge_units.window_charge_id
),

-- As in arrears: an amount in a pricing unit is rounded to that unit, and then converted (rating, section 4.11).
final as (
    select
        fee_id,
        case
            when pricing_unit_id is null then own_amount
            else {{ times(from_minor_units('own_amount_cents', 'minor_units'), 'conversion_rate') }}
        end as amount,
        pricing_unit_id,
        pricing_unit_code,
        pricing_unit_short_name,
        conversion_rate,
        own_unit_amount,
        own_amount,
        own_amount_cents
    from rounded
)

select * from final
