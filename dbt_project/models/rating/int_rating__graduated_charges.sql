with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'graduated'
),

graduated_tiers as (
    select * from {{ ref('int_rating__graduated_tiers') }}
),

summed as (
    select
        priced_usage.usage_id,
        priced_usage.units,
        {{ working('sum(graduated_tiers.amount)') }} as amount
    from priced_usage
    inner join graduated_tiers on priced_usage.usage_id = graduated_tiers.usage_id
    group by priced_usage.usage_id, priced_usage.units
),

final as (
    select
        usage_id,
        amount,
        {{ unit_price('amount', 'units') }} as unit_amount
    from summed
)

select * from final
