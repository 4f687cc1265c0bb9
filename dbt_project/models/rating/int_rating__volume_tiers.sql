with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'volume'
),

priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }}
),

-- The ceiling sends a fraction between two bounds to the upper tier (rating, section 4.4).
reached as (
    select
        priced_usage.usage_id,
        priced_usage.units,
        priced_tiers.position,
        priced_tiers.from_value,
        priced_tiers.to_value,
        priced_tiers.per_unit_amount,
        priced_tiers.flat_amount,
        row_number() over (partition by priced_usage.usage_id order by priced_tiers.position) as tier_rank
    from priced_usage
    inner join priced_tiers on priced_usage.usage_id = priced_tiers.usage_id
    where (priced_tiers.position = 1 or priced_tiers.from_value <= ceil(priced_usage.units))
        and (priced_tiers.to_value is null or priced_usage.units <= priced_tiers.to_value)
),

final as (
    select
        usage_id,
        position,
        from_value,
        to_value,
        units,
        per_unit_amount,
        flat_amount,
        {{ working(times('units', 'per_unit_amount') ~ ' + ' ~ working('flat_amount')) }} as amount
    from reached
    where tier_rank = 1
)

select * from final
