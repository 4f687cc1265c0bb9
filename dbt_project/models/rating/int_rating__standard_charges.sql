with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'standard'
),

priced as (
    select
        usage_id,
        units,
        unit_or_package_amount,
        {{ times('units', 'unit_or_package_amount') }} as amount
    from priced_usage
),

final as (
    select
        usage_id,
        amount,
        {{ unit_price('amount', 'units') }} as unit_amount
    from priced
)

select * from final
