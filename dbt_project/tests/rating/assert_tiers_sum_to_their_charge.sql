-- Fails if the steps that explain a charge do not sum to its amount (negative units or a negative sum bill nothing).
{{ checks('int_rating__charge_tiers') }}
with summed as (
    select usage_id, sum(amount) as amount
    from {{ ref('int_rating__charge_tiers') }}
    group by usage_id
)

select charges.usage_id
from {{ ref('int_rating__charges') }} as charges
inner join {{ ref('int_metering__chargeable_quantities') }} as quantities on charges.usage_id = quantities.usage_id
left join summed on charges.usage_id = summed.usage_id
where charges.amount is distinct from case when quantities.full_units < 0 or summed.amount < 0 then 0 else summed.amount end
