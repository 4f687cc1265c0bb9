{{ config(materialized='view') }}
with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model in ('graduated', 'graduated_percentage', 'volume')
),

tier_bounds as (
    select *, coalesce(per_unit_amount, {{ percent('rate') }}) as factor
    from {{ ref('int_rating__tier_bounds') }}
),

-- Tiers cover every unit once: a tier begins where the one before it ends, however its lower bound was written (rating, section 9.4).
-- Zero units owe the first flat fee unless the charge says otherwise (rating, section 9.1).
final as (
    select
        priced_usage.usage_id,
        priced_usage.charge_model,
        priced_usage.prorated,
        priced_usage.units,
        priced_usage.full_units,
        tier_bounds.position,
        tier_bounds.from_value,
        tier_bounds.to_value,
        {{ quantity("case when tier_bounds.position = 1 then 0 when tier_bounds.is_adjacent then tier_bounds.from_value else tier_bounds.from_value - 1 end") }} as lower_value,
        tier_bounds.factor as per_unit_amount,
        tier_bounds.rate,
        case
            when priced_usage.units = 0 and not priced_usage.bills_flat_without_usage then {{ quantity('0') }}
            else tier_bounds.flat_amount
        end as flat_amount
    from priced_usage
    inner join tier_bounds
        on priced_usage.charge_id = tier_bounds.charge_id
        and coalesce(priced_usage.charge_filter_id, '') = coalesce(tier_bounds.charge_filter_id, '')
        and {{ known_at('tier_bounds', 'priced_usage.horizon_at') }}
)

select * from final
