-- Fails if what contributes to a SQL metric is no event of that metric and bucket, or is named twice (laws 3 and 4).
{{ checks('int_metering__sql_metric_contributions') }}
select
    contributions.sql_metric, contributions.window_charge_id, contributions.external_subscription_id, contributions.transaction_id
from {{ ref('int_metering__sql_metric_contributions') }} as contributions
left join {{ ref('int_metering__sql_metric_events') }} as events
    on contributions.sql_metric = events.sql_metric
    and contributions.window_charge_id = events.window_charge_id
    and contributions.external_subscription_id = events.external_subscription_id
    and contributions.transaction_id = events.transaction_id
    and coalesce(contributions.charge_filter_id, '') = coalesce(events.charge_filter_id, '')
    and coalesce(contributions.group_key, '') = coalesce(events.group_key, '')
group by contributions.sql_metric, contributions.window_charge_id, contributions.external_subscription_id, contributions.transaction_id
having count(*) > 1 or count(events.transaction_id) = 0
