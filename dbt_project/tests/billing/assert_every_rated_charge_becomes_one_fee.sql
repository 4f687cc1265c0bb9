-- Fails if what was rated in a bill's window is not a fee of that bill exactly once; only nothing at all is left out.
-- What was looked at on a usage tick is a fee only where it crossed a threshold, and a period that is measured again for late usage is the difference of two. What a change of units is compared with is taken off its fee, and is none itself, as is what was paid on the plan before.
{{ checks('int_billing__fees') }}
select charges.usage_id
from {{ ref('int_rating__charges') }} as charges
left join {{ ref('int_metering__fixed_charge_quantities') }} as compared on charges.usage_id = compared.usage_id and (compared.side = 'before' or compared.window_state = 'paid')
left join {{ ref('int_metering__window_charges') }} as looks on charges.window_charge_id = looks.window_charge_id and looks.window_state in ('checked', 'late')
left join {{ ref('int_billing__fees') }} as fees on charges.usage_id = fees.fee_id
where charges.usage_kind in ('period', 'fixed') and (charges.units <> 0 or charges.amount <> 0 or charges.events_count <> 0) and compared.usage_id is null
    and looks.window_charge_id is null
group by charges.usage_id
having count(fees.fee_id) is distinct from 1
