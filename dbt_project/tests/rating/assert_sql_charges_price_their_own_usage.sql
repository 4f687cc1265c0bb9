-- Fails if a SQL charge prices a quantity that is not its own, or gives two steps one position (law 3).
{{ checks('int_rating__sql_charge_steps') }}
select steps.sql_charge, steps.usage_id, steps.position
from {{ ref('int_rating__sql_charge_steps') }} as steps
left join {{ ref('int_rating__sql_charge_usage') }} as usage
    on steps.usage_id = usage.usage_id and steps.sql_charge = usage.sql_charge
group by steps.sql_charge, steps.usage_id, steps.position
having count(*) > 1 or count(usage.usage_id) = 0
