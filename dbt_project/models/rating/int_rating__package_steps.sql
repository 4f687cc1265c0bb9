with package_charges as (
    select * from {{ ref('int_rating__package_charges') }}
),

-- Without usage nothing is shown; within the allowance the configured free units are (rating, section 4.5).
shown as (
    select
        *,
        case when full_units = 0 then 0 else 1 end as is_shown
    from package_charges
),

final as (
    select
        usage_id,
        cast(1 as bigint) as position,
        'free' as step_kind,
        {{ quantity('free_units * is_shown') }} as units,
        cast(null as decimal(38, 12)) as package_size,
        {{ quantity('0') }} as flat_count,
        {{ quantity('0') }} as flat_amount,
        {{ working('0') }} as amount
    from shown
    union all
    select
        usage_id,
        2,
        'packages',
        paid_units,
        {{ quantity('package_size * is_shown') }},
        packages,
        {{ quantity('per_package_amount * is_shown') }},
        amount
    from shown
)

select * from final
