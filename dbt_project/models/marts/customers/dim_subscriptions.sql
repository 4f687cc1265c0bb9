with subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

-- The status follows from instants, so that it is the one at as_of whenever the run happens (law 1).
final as (
    select
        subscriptions.subscription_id,
        subscriptions.external_id as external_subscription_id,
        subscriptions.customer_id, subscriptions.plan_id, subscriptions.name, subscriptions.billing_time,
        case
            when subscriptions.status = 'canceled' then 'canceled'
            when subscriptions.service_ends_at <= horizons.as_of then 'terminated'
            when subscriptions.started_at is null or subscriptions.started_at > horizons.as_of then 'pending'
            else 'active'
        end as status,
        subscriptions.subscription_at, subscriptions.started_at, subscriptions.ending_at, subscriptions.terminated_at,
        subscriptions.downgrade_at, subscriptions.service_ends_at,
        subscriptions.previous_subscription_id, subscriptions.created_at,
        horizons.as_of
    from subscriptions
    inner join horizons on subscriptions.customer_id = horizons.customer_id and {{ known_at('subscriptions', 'horizons.as_of') }}
)

select * from final
