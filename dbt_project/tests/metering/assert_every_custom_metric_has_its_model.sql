-- Fails if the SQL metric of a charge is not in the project (any more): its usage would silently bill nothing.
{{ checks('int_metering__sql_metrics') }}
select window_charges.window_charge_id, window_charges.billable_metric_code, window_charges.sql_metric
from {{ ref('int_metering__window_charges') }} as window_charges
left join {{ ref('int_metering__sql_metrics') }} as sql_metrics on window_charges.sql_metric = sql_metrics.sql_metric
where window_charges.aggregation_type = 'custom_agg' and sql_metrics.sql_metric is null
