-- Fails if the steps of an issued line do not sum to its precise amount, in the pricing unit where it has one (a line of nothing at all explains itself).
{{ checks('stg_books__fee_tiers') }}
with summed as (
    select fee_id, sum(amount) as amount
    from {{ ref('stg_books__fee_tiers') }}
    group by fee_id
)

select fees.fee_id
from {{ ref('stg_books__fees') }} as fees
left join summed on fees.fee_id = summed.fee_id
where fees.charge_model is not null and (fees.units <> 0 or fees.precise_amount <> 0) and coalesce(fees.pricing_unit_precise_amount, fees.precise_amount) is distinct from summed.amount
