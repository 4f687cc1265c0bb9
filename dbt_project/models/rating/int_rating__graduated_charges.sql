with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'graduated'
),

graduated_tiers as (
    select * from {{ ref('int_rating__graduated_tiers') }}
),

summed as (
    select
        usage_id,
        {{ working('sum(amount)') }} as amount
    from graduated_tiers
    group by usage_id
),

final as (
    select
        priced_usage.usage_id,
        summed.amount,
        {{ unit_price('summed.amount', 'priced_usage.full_units') }} as unit_amount
    from priced_usage
    inner join summed on priced_usage.usage_id = summed.usage_id
)

select * from final
