with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'graduated'
),

priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }}
),

bounded as (
    select
        priced_usage.usage_id,
        priced_usage.units,
        priced_tiers.position,
        priced_tiers.from_value,
        priced_tiers.to_value,
        priced_tiers.per_unit_amount,
        priced_tiers.flat_amount,
        lag(priced_tiers.to_value) over (partition by priced_usage.usage_id order by priced_tiers.position) as previous_to_value
    from priced_usage
    inner join priced_tiers on priced_usage.usage_id = priced_tiers.usage_id
),

-- Bounds are adjacent (0-10, 10-20) only when every pair of tiers is; otherwise they are gapped (0-10, 11-20).
joined as (
    select
        *,
        min(case when position = 1 or from_value = previous_to_value then 1 else 0 end) over (partition by usage_id) = 1 as is_adjacent,
        case when to_value is null or units < to_value then units else to_value end as top_value
    from bounded
),

-- Reaching a bound exactly does not open the next tier; the first tier is always walked, also by zero units.
walked as (
    select
        *,
        {{ quantity("case when from_value = 0 then top_value when is_adjacent then top_value - from_value else top_value - from_value + 1 end") }} as tier_units
    from joined
    where position = 1 or units > previous_to_value
),

final as (
    select
        usage_id,
        position,
        from_value,
        to_value,
        tier_units as units,
        per_unit_amount,
        flat_amount,
        {{ working(times('tier_units', 'per_unit_amount') ~ ' + ' ~ working('flat_amount')) }} as amount
    from walked
)

select * from final
