with volume_tiers as (
    select * from {{ ref('int_rating__volume_tiers') }}
),

final as (
    select
        usage_id,
        amount,
        {{ unit_price('amount', 'full_units') }} as unit_amount
    from volume_tiers
)

select * from final
