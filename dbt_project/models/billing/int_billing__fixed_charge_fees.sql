with window_fixed_charges as (
    select * from {{ ref('int_metering__window_fixed_charges') }} where window_state <> 'paid'
),

amounts as (
    select * from {{ ref('int_billing__fixed_charge_amounts') }}
),

deductions as (
    select * from {{ ref('int_billing__fixed_charge_deductions') }}
),

add_ons as (
    select * from {{ ref('stg_catalog__add_ons') }}
),

priced as (
    select
        amounts.window_fixed_charge_id, amounts.units,
        amounts.units <> 0 or amounts.amount <> 0 as has_price,
        {{ working('amounts.amount - coalesce(deductions.amount, 0)') }} as amount
    from amounts
    left join deductions on amounts.window_fixed_charge_id = deductions.window_fixed_charge_id
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
        priced.units,
        {{ unit_price('priced.amount', 'priced.units') }} as unit_amount,
        priced.amount
    from priced
    inner join window_fixed_charges on priced.window_fixed_charge_id = window_fixed_charges.window_fixed_charge_id
    inner join add_ons
        on window_fixed_charges.add_on_id = add_ons.add_on_id and {{ known_at('add_ons', 'window_fixed_charges.horizon_at') }}
    where window_fixed_charges.billing_side = 'change' or priced.has_price
)

select * from final
