with usage_totals as (
    select * from {{ ref('int_billing__usage_totals') }}
),

lifetime_usage as (
    select * from {{ ref('int_billing__lifetime_usage') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

usage_thresholds as (
    select * from {{ ref('stg_catalog__usage_thresholds') }}
),

moments as (
    select usage_check_id as moment_id, subscription_id, plan_id, checked_at as looked_at from usage_totals
    union all
    select subscription_id as moment_id, subscription_id, plan_id, to_at as looked_at from lifetime_usage
),

watching as (
    select moments.*
    from moments
    inner join subscriptions
        on moments.subscription_id = subscriptions.subscription_id
        and {{ known_at('subscriptions', 'moments.looked_at') }}
        and not subscriptions.progressive_billing_disabled
),

offered as (
    select watching.moment_id, 1 as own_rank, usage_thresholds.*
    from watching
    inner join usage_thresholds
        on watching.subscription_id = usage_thresholds.owner_id and {{ known_at('usage_thresholds', 'watching.looked_at') }}
    union all
    select watching.moment_id, 2 as own_rank, usage_thresholds.*
    from watching
    inner join usage_thresholds
        on watching.plan_id = usage_thresholds.owner_id and {{ known_at('usage_thresholds', 'watching.looked_at') }}
),

-- A subscription's own thresholds replace the plan's.
ranked as (
    select
        *,
        min(own_rank) over (partition by moment_id) as first_rank
    from offered
),

final as (
    select
        moment_id, usage_threshold_id, threshold_display_name, amount_cents, is_recurring,
        coalesce(max(case when not is_recurring then amount_cents end) over (partition by moment_id), 0) as base_amount_cents
    from ranked
    where own_rank = first_rank
)

select * from final
