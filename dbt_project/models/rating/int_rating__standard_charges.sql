with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'standard'
),

priced as (
    select
        usage_id,
        units,
        full_units,
        unit_or_package_amount,
        {{ times('units', 'unit_or_package_amount') }} as amount
    from priced_usage
),

final as (
    select
        usage_id,
        units,
        unit_or_package_amount as per_unit_amount,
        amount,
        {{ unit_price('amount', 'full_units') }} as unit_amount
    from priced
)

select * from final
