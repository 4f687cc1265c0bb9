with plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

run_horizon as (
    select * from {{ ref('stg_landing__run_horizon') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }}
),

subscriptions as (
    select * from {{ ref('dim_subscriptions') }} where status = 'active'
),

charge_counts as (
    select charges.plan_id, count(distinct charges.charge_id) as charges_count
    from charges
    inner join run_horizon on {{ known_at('charges', 'run_horizon.as_of') }}
    group by charges.plan_id
),

-- A subscription with terms of its own is on its plan too.
held as (
    select plans.plan_id, subscriptions.subscription_id
    from subscriptions
    inner join plans on subscriptions.plan_id = plans.plan_id
    union
    select plans.parent_id, subscriptions.subscription_id
    from subscriptions
    inner join plans on subscriptions.plan_id = plans.plan_id
    where plans.parent_id is not null
),

subscription_counts as (
    select plan_id, count(*) as subscriptions_count
    from held
    group by plan_id
),

final as (
    select
        plans.plan_id, plans.code, plans.name, plans.invoice_display_name, plans.interval, plans.amount_cents, plans.amount_currency,
        plans.pay_in_advance, plans.parent_id,
        coalesce(charge_counts.charges_count, 0) as charges_count,
        coalesce(subscription_counts.subscriptions_count, 0) as active_subscriptions_count
    from plans
    inner join run_horizon on {{ known_at('plans', 'run_horizon.as_of') }}
    left join charge_counts on plans.plan_id = charge_counts.plan_id
    left join subscription_counts on plans.plan_id = subscription_counts.plan_id
)

select * from final
