-- Fails if the steps that explain a charge do not sum to its amount (a negative sum bills nothing).
with summed as (
    select usage_id, sum(amount) as amount
    from {{ ref('int_rating__charge_tiers') }}
    group by usage_id
)

select charges.usage_id
from {{ ref('int_rating__charges') }} as charges
left join summed on charges.usage_id = summed.usage_id
where charges.charge_model <> 'standard'
    and charges.amount is distinct from case when charges.total_aggregated_units < 0 or summed.amount < 0 then 0 else summed.amount end
