with fixed_charge_quantities as (
    select * from {{ ref('int_metering__fixed_charge_quantities') }} where is_in_force
),

charges as (
    select * from {{ ref('int_rating__charges') }}
),

-- What a change adds is the price of the period's units after it, less the price of what the period has billed before it.
final as (
    select
        fixed_charge_quantities.window_fixed_charge_id,
        {{ quantity("sum(case fixed_charge_quantities.side when 'after' then fixed_charge_quantities.full_units else -fixed_charge_quantities.full_units end)") }} as units,
        {{ working("sum(case fixed_charge_quantities.side when 'after' then charges.amount else -charges.amount end)") }} as amount
    from fixed_charge_quantities
    inner join charges on fixed_charge_quantities.usage_id = charges.usage_id
    group by fixed_charge_quantities.window_fixed_charge_id
)

select * from final
