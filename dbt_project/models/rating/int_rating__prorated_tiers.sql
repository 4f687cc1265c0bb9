with priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }} where charge_model = 'graduated' and prorated
),

prorated_moves as (
    select * from {{ ref('int_rating__prorated_moves') }}
),

prorated_slices as (
    select * from {{ ref('int_rating__prorated_slices') }}
),

peaks as (
    select usage_id, max(after_units) as peak_units from prorated_moves group by usage_id
),

tier_sums as (
    select
        usage_id,
        position,
        {{ quantity('sum(prorated_units)') }} as units,
        {{ quantity("sum(case when is_whole then prorated_units else 0 end)") }} as whole_units,
        {{ working('sum(divided_amount)') }} as divided_amount
    from prorated_slices
    group by usage_id, position
),

-- Every tier up to the highest level owes its flat fee, also when units came back down; without prorated units only the
-- first flat fee is due (rating, section 4.3).
final as (
    select
        priced_tiers.usage_id,
        priced_tiers.position,
        priced_tiers.from_value,
        priced_tiers.to_value,
        case when priced_tiers.units = 0 then {{ quantity('0') }} else coalesce(tier_sums.units, {{ quantity('0') }}) end as units,
        priced_tiers.per_unit_amount,
        priced_tiers.flat_amount,
        case
            when priced_tiers.units = 0 or tier_sums.usage_id is null then {{ working('0') }}
            else {{ working(times('tier_sums.whole_units', 'priced_tiers.per_unit_amount') ~ ' + tier_sums.divided_amount') }}
        end as per_unit_total_amount
    from priced_tiers
    left join peaks on priced_tiers.usage_id = peaks.usage_id
    left join tier_sums on priced_tiers.usage_id = tier_sums.usage_id and priced_tiers.position = tier_sums.position
    where priced_tiers.position = 1 or (priced_tiers.units <> 0 and peaks.peak_units > priced_tiers.lower_value)
)

select * from final
