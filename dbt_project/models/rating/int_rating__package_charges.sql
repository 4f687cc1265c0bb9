with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'package'
),

paid as (
    select
        usage_id,
        full_units,
        package_size,
        free_units,
        unit_or_package_amount,
        {{ quantity('case when units > free_units then units - free_units else 0 end') }} as paid_units
    from priced_usage
),

parts as (
    select
        *,
        {{ scaled('paid_units', 12) }} as paid_parts,
        {{ scaled('package_size', 12) }} as package_parts
    from paid
),

packed as (
    select
        *,
        cast({{ div_ceil('paid_parts', 'package_parts') }} as decimal(38, 0)) as packages
    from parts
),

priced as (
    select
        *,
        {{ working(times_whole('unit_or_package_amount', 'packages')) }} as amount
    from packed
),

final as (
    select
        usage_id,
        full_units,
        package_size,
        free_units,
        paid_units,
        {{ quantity('packages') }} as packages,
        unit_or_package_amount as per_package_amount,
        amount
    from priced
)

select * from final
