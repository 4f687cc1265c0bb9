-- Fails if a chargeable quantity has no price, or more than one: accepted usage would be lost or billed twice (law 3).
-- What is out of the domain of money has none, and is listed.
{{ checks('int_rating__charges') }}
select quantities.usage_id
from {{ ref('int_metering__chargeable_quantities') }} as quantities
left join {{ ref('int_rating__charges') }} as charges on quantities.usage_id = charges.usage_id
left join {{ ref('int_rating__usage_out_of_domain') }} as outside on quantities.usage_id = outside.usage_id
group by quantities.usage_id
having count(charges.usage_id) + count(outside.usage_id) is distinct from 1
