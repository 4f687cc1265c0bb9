with window_fixed_charges as (
    select * from {{ ref('int_metering__window_fixed_charges') }}
),

fixed_charge_quantities as (
    select * from {{ ref('int_metering__fixed_charge_quantities') }} where is_in_force
),

charges as (
    select * from {{ ref('int_rating__charges') }}
),

add_ons as (
    select * from {{ ref('stg_catalog__add_ons') }}
),

rated as (
    select fixed_charge_quantities.window_fixed_charge_id, fixed_charge_quantities.side, fixed_charge_quantities.full_units, charges.amount
    from fixed_charge_quantities
    inner join charges on fixed_charge_quantities.usage_id = charges.usage_id
),

-- What a change adds is the price of the period's units after it, less the price of what the period has billed before it.
differences as (
    select
        rated.window_fixed_charge_id,
        {{ quantity("sum(case rated.side when 'after' then rated.full_units else -rated.full_units end)") }} as units,
        {{ working("sum(case rated.side when 'after' then rated.amount else -rated.amount end)") }} as amount
    from rated
    group by rated.window_fixed_charge_id
),

final as (
    select
        window_fixed_charges.window_fixed_charge_id as fee_id,
        window_fixed_charges.invoice_id,
        window_fixed_charges.window_state as fee_state,
        window_fixed_charges.customer_id,
        window_fixed_charges.subscription_id,
        window_fixed_charges.external_subscription_id,
        window_fixed_charges.plan_id,
        window_fixed_charges.fixed_charge_id as charge_id,
        window_fixed_charges.charge_model,
        window_fixed_charges.add_on_id,
        add_ons.code as item_code,
        coalesce(window_fixed_charges.invoice_display_name, add_ons.invoice_display_name, add_ons.name) as item_name,
        window_fixed_charges.charge_position as item_position,
        window_fixed_charges.from_at,
        window_fixed_charges.to_at,
        window_fixed_charges.horizon_at,
        window_fixed_charges.currency,
        differences.units,
        {{ unit_price('differences.amount', 'differences.units') }} as unit_amount,
        differences.amount
    from differences
    inner join window_fixed_charges on differences.window_fixed_charge_id = window_fixed_charges.window_fixed_charge_id
    inner join add_ons
        on window_fixed_charges.add_on_id = add_ons.add_on_id and {{ known_at('add_ons', 'window_fixed_charges.horizon_at') }}
    where window_fixed_charges.billing_side = 'change' or differences.units <> 0 or differences.amount <> 0
)

select * from final
