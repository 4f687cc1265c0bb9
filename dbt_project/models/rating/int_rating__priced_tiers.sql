with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }}
),

charge_tiers as (
    select * from {{ ref('stg_catalog__charge_tiers') }}
),

final as (
    select
        priced_usage.usage_id,
        charge_tiers.position,
        charge_tiers.from_value,
        charge_tiers.to_value,
        charge_tiers.per_unit_amount,
        charge_tiers.flat_amount
    from priced_usage
    inner join charge_tiers
        on priced_usage.charge_id = charge_tiers.charge_id
        and coalesce(priced_usage.charge_filter_id, '') = coalesce(charge_tiers.charge_filter_id, '')
        and {{ known_at('charge_tiers', 'priced_usage.horizon_at') }}
    where priced_usage.charge_model in ('graduated', 'volume')
)

select * from final
