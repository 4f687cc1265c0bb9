with subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

-- A subscription that has not started may take another plan, and agrees to that one then.
taken as (
    select subscription_id, plan_id, min(valid_from) as agreed_at
    from subscriptions
    group by subscription_id, plan_id
),

final as (
    select
        taken.subscription_id, taken.plan_id, plans.interval as plan_interval,
        plans.trial_days, plans.bill_charges_monthly, plans.bill_fixed_charges_monthly
    from taken
    inner join plans on taken.plan_id = plans.plan_id and {{ known_at('plans', 'taken.agreed_at') }}
)

select * from final
