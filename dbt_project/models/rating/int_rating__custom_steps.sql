with sql_charge_usage as (
    select * from {{ ref('int_rating__sql_charge_usage') }}
),

sql_charge_steps as (
    select * from {{ ref('int_rating__sql_charge_steps') }}
),

-- What a SQL charge says nothing about costs nothing, and that is a step too.
final as (
    select
        sql_charge_usage.usage_id,
        coalesce(sql_charge_steps.position, 1) as position,
        sql_charge_steps.from_value,
        sql_charge_steps.to_value,
        {{ quantity('case when sql_charge_steps.usage_id is null then sql_charge_usage.units else coalesce(sql_charge_steps.units, 0) end') }} as units,
        sql_charge_steps.per_unit_amount,
        {{ quantity('coalesce(sql_charge_steps.flat_amount, 0)') }} as flat_amount,
        {{ working('coalesce(sql_charge_steps.amount, 0)') }} as amount
    from sql_charge_usage
    left join sql_charge_steps
        on sql_charge_usage.usage_id = sql_charge_steps.usage_id and sql_charge_usage.sql_charge = sql_charge_steps.sql_charge
)

select * from final
