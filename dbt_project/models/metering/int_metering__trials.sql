with epochs as (
    select * from {{ ref('int_metering__subscription_epochs') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

agreed_plans as (
    select * from {{ ref('int_metering__agreed_plans') }} where trial_days > 0
),

agreed as (
    select
        epochs.subscription_id, epochs.known_from,
        subscriptions.customer_id, subscriptions.external_id, subscriptions.creation_sequence,
        agreed_plans.trial_days
    from epochs
    inner join subscriptions
        on epochs.subscription_id = subscriptions.subscription_id and {{ known_at('subscriptions', 'epochs.known_from') }}
    inner join agreed_plans on subscriptions.subscription_id = agreed_plans.subscription_id and subscriptions.plan_id = agreed_plans.plan_id
),

-- A trial runs from the first start of the external id: neither another plan nor a re-creation starts it again.
begun as (
    select agreed.subscription_id, agreed.known_from, agreed.trial_days, min(earlier.started_at) as first_started_at
    from agreed
    inner join subscriptions as earlier
        on agreed.customer_id = earlier.customer_id
        and agreed.external_id = earlier.external_id
        and earlier.creation_sequence <= agreed.creation_sequence
        and {{ known_at('earlier', 'agreed.known_from') }}
    where earlier.status <> 'canceled'
    group by agreed.subscription_id, agreed.known_from, agreed.trial_days
),

final as (
    select
        subscription_id,
        known_from,
        {{ from_epoch_microseconds(epoch_microseconds('first_started_at') ~ ' + cast(trial_days * 86400000000 as bigint)') }} as trial_ends_at
    from begun
)

select * from final
