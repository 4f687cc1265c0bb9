with subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

-- The anchor may move until the start; what counts is where it came to rest.
ranked as (
    select
        subscriptions.*,
        horizons.as_of,
        row_number() over (partition by subscriptions.subscription_id order by subscriptions.valid_from desc, subscriptions.sequence desc) as recency
    from subscriptions
    inner join horizons on subscriptions.customer_id = horizons.customer_id and subscriptions.valid_from <= horizons.as_of
),

final as (
    select
        {{ deterministic_id(["'lifetime'", 'customer_id', 'external_id', instant_text('subscription_at')]) }} as lifetime_id,
        subscription_id, customer_id,
        external_id as external_subscription_id,
        plan_id, started_at, created_at, as_of
    from ranked
    where recency = 1 and status <> 'canceled'
)

select * from final
