with lifetimes as (
    select * from {{ ref('int_metering__lifetimes') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

alerts as (
    select * from {{ ref('stg_catalog__alerts') }} where external_subscription_id is not null
),

usage_thresholds as (
    select * from {{ ref('stg_catalog__usage_thresholds') }}
),

recurring_transaction_rules as (
    select * from {{ ref('stg_catalog__recurring_transaction_rules') }} where rule_trigger = 'threshold' or rule_method = 'target'
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

-- A subscription that gets terms of its own was watched before by what its plan says.
taken_plans as (
    select distinct subscription_id, plan_id from subscriptions
),

customer_clocks as (
    select customer_id, max(test_clock_id) as test_clock_id
    from customers
    group by customer_id
),

watches as (
    select lifetimes.subscription_id, alerts.valid_from
    from lifetimes
    inner join alerts on lifetimes.customer_id = alerts.customer_id and lifetimes.external_subscription_id = alerts.external_subscription_id
    union all
    select lifetimes.subscription_id, usage_thresholds.valid_from
    from lifetimes
    inner join usage_thresholds on lifetimes.subscription_id = usage_thresholds.owner_id
    union all
    select lifetimes.subscription_id, usage_thresholds.valid_from
    from lifetimes
    inner join taken_plans on lifetimes.subscription_id = taken_plans.subscription_id
    inner join usage_thresholds on taken_plans.plan_id = usage_thresholds.owner_id
    union all
    select lifetimes.subscription_id, recurring_transaction_rules.valid_from
    from lifetimes
    inner join recurring_transaction_rules on lifetimes.customer_id = recurring_transaction_rules.customer_id
),

watched as (
    select subscription_id, min(valid_from) as monitored_from
    from watches
    group by subscription_id
),

final as (
    select
        lifetimes.subscription_id, lifetimes.lifetime_id, lifetimes.customer_id, lifetimes.external_subscription_id, lifetimes.plan_id,
        lifetimes.created_at, lifetimes.as_of,
        customer_clocks.test_clock_id,
        watched.monitored_from
    from lifetimes
    inner join watched on lifetimes.subscription_id = watched.subscription_id
    left join customer_clocks on lifetimes.customer_id = customer_clocks.customer_id
    where watched.monitored_from <= lifetimes.as_of
)

select * from final
