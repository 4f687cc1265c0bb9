with sql_charge_usage as (
    select * from {{ ref('int_rating__sql_charge_usage') }}
),

charge_parameters as (
    select * from {{ ref('stg_catalog__charge_parameters') }}
),

-- A filter states its own parameters, as it states its own prices.
final as (
    select
        sql_charge_usage.usage_id,
        charge_parameters.name,
        charge_parameters.position,
        charge_parameters.key,
        charge_parameters.value as value_text,
        {{ plain_number('charge_parameters.value') }} as value_number
    from sql_charge_usage
    inner join charge_parameters
        on sql_charge_usage.charge_id = charge_parameters.charge_id
        and coalesce(sql_charge_usage.charge_filter_id, '') = coalesce(charge_parameters.charge_filter_id, '')
        and {{ known_at('charge_parameters', 'sql_charge_usage.horizon_at') }}
)

select * from final
