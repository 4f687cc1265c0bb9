with walked_tiers as (
    select * from {{ ref('int_rating__walked_tiers') }} where charge_model = 'graduated'
),

prorated_tiers as (
    select * from {{ ref('int_rating__prorated_tiers') }}
),

prorated_sums as (
    select usage_id, sum(per_unit_total_amount) as amount, max(position) + 1 as next_position
    from prorated_tiers
    group by usage_id
),

-- The price of a tier without units is not shown (rating, section 4.2). Prorated units that sum to less than nothing
-- cost nothing, while the flat fees stay due: the step `floor` makes up the difference (rating, section 4.3).
final as (
    select
        usage_id,
        position,
        'tier' as step_kind,
        from_value,
        to_value,
        units,
        case when units = 0 then {{ quantity('0') }} else per_unit_amount end as per_unit_amount,
        flat_amount,
        per_unit_total_amount,
        {{ working('per_unit_total_amount + flat_amount') }} as amount
    from walked_tiers
    union all
    select
        usage_id, position, 'prorated_tier', from_value, to_value, units, per_unit_amount, flat_amount, per_unit_total_amount,
        {{ working('per_unit_total_amount + flat_amount') }}
    from prorated_tiers
    union all
    select
        usage_id, next_position, 'floor', null, null, {{ quantity('0') }}, {{ quantity('0') }}, {{ quantity('0') }}, {{ working('-amount') }},
        {{ working('-amount') }}
    from prorated_sums
    where amount < 0
)

select * from final
