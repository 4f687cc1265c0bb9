with graduated_tiers as (
    select * from {{ ref('int_rating__graduated_tiers') }}
),

final as (
    select
        usage_id,
        {{ working('sum(amount)') }} as amount
    from graduated_tiers
    group by usage_id
)

select * from final
