with billed_fees as (
    select * from {{ ref('int_billing__fees') }} where fee_type <> 'credit'
),

checked_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state = 'checked' and not pay_in_advance
),

top_up_ticks as (
    select distinct customer_id, checked_at from {{ ref('int_metering__top_up_ticks') }}
),

-- Usage that a wallet is looked at for bears the taxes that its fee will.
fees as (
    select fee_id, horizon_at, fee_type, customer_id, plan_id, charge_id, add_on_id from billed_fees
    union all
    select checked_amounts.fee_id, checked_amounts.horizon_at, 'charge', checked_amounts.customer_id, checked_amounts.plan_id, checked_amounts.charge_id, null
    from checked_amounts
    inner join top_up_ticks on checked_amounts.customer_id = top_up_ticks.customer_id and checked_amounts.horizon_at = top_up_ticks.checked_at
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

applied_taxes as (
    select * from {{ ref('stg_catalog__applied_taxes') }}
),

taxes as (
    select * from {{ ref('stg_catalog__taxes') }}
),

owners as (
    select fee_id, horizon_at, 1 as tax_level, 'one_off_fee' as owner_type, fee_id as owner_id from fees where fee_type = 'add_on'
    union all
    select fee_id, horizon_at, 2, 'add_on', add_on_id from fees where fee_type = 'add_on'
    union all
    select fee_id, horizon_at, 3, 'charge', charge_id from fees where fee_type = 'charge'
    union all
    select fee_id, horizon_at, 3, 'fixed_charge', charge_id from fees where fee_type = 'fixed_charge'
    union all
    select fee_id, horizon_at, 3, 'commitment', plan_id from fees where fee_type = 'commitment'
    union all
    select fee_id, horizon_at, 4, 'plan', plan_id from fees where fee_type in ('charge', 'fixed_charge', 'subscription', 'commitment')
    union all
    select fee_id, horizon_at, 5, 'customer', customer_id from fees
    union all
    select fees.fee_id, fees.horizon_at, 6, 'billing_entity', customers.billing_entity_id
    from fees
    inner join customers on fees.customer_id = customers.customer_id and {{ known_at('customers', 'fees.horizon_at') }}
),

-- The first level with any tax wins, and all of its taxes are added (invoicing, section 4.2).
candidates as (
    select
        owners.fee_id,
        owners.horizon_at,
        owners.tax_level,
        applied_taxes.tax_id,
        min(owners.tax_level) over (partition by owners.fee_id) as winning_level
    from owners
    inner join applied_taxes
        on owners.owner_type = applied_taxes.owner_type and owners.owner_id = applied_taxes.owner_id and {{ known_at('applied_taxes', 'owners.horizon_at') }}
),

final as (
    select
        candidates.fee_id,
        taxes.tax_id,
        taxes.code as tax_code,
        taxes.name as tax_name,
        taxes.rate as tax_rate
    from candidates
    inner join taxes on candidates.tax_id = taxes.tax_id and {{ known_at('taxes', 'candidates.horizon_at') }}
    where candidates.tax_level = candidates.winning_level
)

select * from final
