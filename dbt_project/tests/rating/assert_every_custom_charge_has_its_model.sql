-- Fails if the SQL charge of a quantity is not in the project (any more): its usage would silently cost nothing.
{{ checks('int_rating__sql_charges') }}
select usage.usage_id, usage.sql_charge
from {{ ref('int_rating__sql_charge_usage') }} as usage
left join {{ ref('int_rating__sql_charges') }} as sql_charges on usage.sql_charge = sql_charges.sql_charge
where sql_charges.sql_charge is null
