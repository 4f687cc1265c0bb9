with volume_tiers as (
    select * from {{ ref('int_rating__volume_tiers') }}
),

final as (
    select usage_id, amount from volume_tiers
)

select * from final
