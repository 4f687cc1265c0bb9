with charge_parameters as (
    select * from {{ ref('stg_catalog__charge_parameters') }}
),

-- A filter states its own parameters, as it states its own prices.
final as (
    select
        {{ price_id('charge_id', 'charge_filter_id', 'valid_from') }} as price_id,
        name,
        position,
        key,
        value as value_text,
        {{ plain_number('value') }} as value_number
    from charge_parameters
)

select * from final
