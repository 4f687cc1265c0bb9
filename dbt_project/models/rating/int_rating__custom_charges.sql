with custom_steps as (
    select * from {{ ref('int_rating__custom_steps') }}
),

final as (
    select
        usage_id,
        {{ working('sum(amount)') }} as amount
    from custom_steps
    group by usage_id
)

select * from final
