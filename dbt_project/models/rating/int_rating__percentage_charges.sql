with percentage_parts as (
    select * from {{ ref('int_rating__percentage_parts') }}
),

final as (
    select
        usage_id,
        {{ working('per_unit_total_amount + fixed_fee_total_amount + min_max_adjustment_amount') }} as amount
    from percentage_parts
)

select * from final
