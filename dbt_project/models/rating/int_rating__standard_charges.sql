with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'standard'
),

final as (
    select
        usage_id,
        units,
        unit_or_package_amount as per_unit_amount,
        {{ times('units', 'unit_or_package_amount') }} as amount
    from priced_usage
)

select * from final
