with charge_amounts as (
    select * from {{ ref('int_billing__charge_amounts') }}
),

charge_true_ups as (
    select * from {{ ref('int_billing__charge_true_ups') }}
),

charge_units as (
    select * from {{ ref('int_billing__charge_units') }}
),

united as (
    select
        charge_amounts.usage_id as fee_id, charge_amounts.window_charge_id, charge_amounts.charge_filter_id, charge_amounts.group_key,
        cast(null as string) as true_up_parent_fee_id, charge_true_ups.fee_id is not null as has_true_up,
        charge_amounts.units, charge_amounts.events_count, charge_amounts.unit_amount, charge_amounts.amount, charge_amounts.amount_cents
    from charge_amounts
    left join charge_true_ups on charge_amounts.usage_id = charge_true_ups.true_up_parent_fee_id
    union all
    select
        fee_id, window_charge_id, null, null, true_up_parent_fee_id, false,
        {{ quantity('1') }}, 0, amount, amount, amount_cents
    from charge_true_ups
),

-- An amount in a pricing unit is rounded to that unit, and then converted (rating, section 4.11).
final as (
    select
        united.fee_id,
        united.window_charge_id,
        united.charge_filter_id,
        united.group_key,
        united.true_up_parent_fee_id,
        united.has_true_up,
        united.units,
        united.events_count,
        case
            when charge_units.pricing_unit_id is null then united.unit_amount
            else {{ times('united.unit_amount', 'charge_units.conversion_rate') }}
        end as unit_amount,
        case
            when charge_units.pricing_unit_id is null then united.amount
            else {{ times(from_minor_units('united.amount_cents', 'charge_units.minor_units'), 'charge_units.conversion_rate') }}
        end as amount,
        charge_units.pricing_unit_id,
        charge_units.pricing_unit_code,
        charge_units.pricing_unit_short_name,
        charge_units.conversion_rate,
        united.unit_amount as own_unit_amount,
        united.amount as own_amount,
        united.amount_cents as own_amount_cents
    from united
    inner join charge_units on united.window_charge_id = charge_units.window_charge_id
)

select * from final
