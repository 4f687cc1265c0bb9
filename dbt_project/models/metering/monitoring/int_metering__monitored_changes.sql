with monitored_subscriptions as (
    select * from {{ ref('int_metering__monitored_subscriptions') }}
),

received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

alerts as (
    select * from {{ ref('stg_catalog__alerts') }}
),

usage_thresholds as (
    select * from {{ ref('stg_catalog__usage_thresholds') }}
),

lifetime_usages as (
    select * from {{ ref('stg_catalog__lifetime_usages') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

-- What may move a watched value, or what watches it: usage that became known, the beginning of a period, a change of terms.
changes as (
    select monitored_subscriptions.subscription_id, received_events.known_at as changed_at
    from monitored_subscriptions
    inner join received_events on monitored_subscriptions.external_subscription_id = received_events.external_subscription_id
    union
    select service_periods.subscription_id, service_periods.usage_from_at
    from service_periods
    inner join monitored_subscriptions on service_periods.subscription_id = monitored_subscriptions.subscription_id
    where service_periods.usage_from_at <= service_periods.as_of
    union
    select monitored_subscriptions.subscription_id, alerts.valid_from
    from monitored_subscriptions
    inner join alerts
        on monitored_subscriptions.customer_id = alerts.customer_id
        and monitored_subscriptions.external_subscription_id = alerts.external_subscription_id
    union
    select monitored_subscriptions.subscription_id, usage_thresholds.valid_from
    from monitored_subscriptions
    inner join usage_thresholds on monitored_subscriptions.subscription_id = usage_thresholds.owner_id
    union
    select subscriptions.subscription_id, usage_thresholds.valid_from
    from subscriptions
    inner join usage_thresholds on subscriptions.plan_id = usage_thresholds.owner_id
    union
    select lifetime_usages.subscription_id, lifetime_usages.valid_from
    from lifetime_usages
    union
    select subscriptions.subscription_id, subscriptions.valid_from
    from subscriptions
),

-- Nothing is watched before somebody asked for it.
final as (
    select distinct
        changes.subscription_id,
        monitored_subscriptions.test_clock_id,
        monitored_subscriptions.as_of,
        case when changes.changed_at < monitored_subscriptions.monitored_from then monitored_subscriptions.monitored_from else changes.changed_at end as changed_at
    from changes
    inner join monitored_subscriptions on changes.subscription_id = monitored_subscriptions.subscription_id
    where changes.changed_at <= monitored_subscriptions.as_of
)

select * from final
