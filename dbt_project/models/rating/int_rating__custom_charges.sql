with sql_charge_usage as (
    select * from {{ ref('int_rating__sql_charge_usage') }}
),

custom_steps as (
    select * from {{ ref('int_rating__custom_steps') }}
),

summed as (
    select usage_id, {{ working('sum(amount)') }} as amount from custom_steps group by usage_id
),

final as (
    select
        sql_charge_usage.usage_id,
        summed.amount,
        {{ unit_price('summed.amount', 'sql_charge_usage.full_units') }} as unit_amount
    from sql_charge_usage
    inner join summed on sql_charge_usage.usage_id = summed.usage_id
)

select * from final
