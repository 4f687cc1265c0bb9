with percentage_parts as (
    select * from {{ ref('int_rating__percentage_parts') }}
),

summed as (
    select
        usage_id,
        full_units,
        {{ working('per_unit_total_amount + fixed_fee_total_amount + min_max_adjustment_amount') }} as amount
    from percentage_parts
),

final as (
    select
        usage_id,
        amount,
        {{ unit_price('amount', 'full_units') }} as unit_amount
    from summed
)

select * from final
