with subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

owners as (
    select distinct
        subscriptions.subscription_id,
        subscriptions.customer_id,
        subscriptions.plan_id,
        coalesce(subscriptions.billing_entity_id, customers.billing_entity_id) as billing_entity_id
    from subscriptions
    inner join customers on subscriptions.customer_id = customers.customer_id
),

changes as (
    select subscription_id, valid_from from subscriptions
    union
    select owners.subscription_id, customers.valid_from
    from owners
    inner join customers on owners.customer_id = customers.customer_id
    union
    select owners.subscription_id, plans.valid_from
    from owners
    inner join plans on owners.plan_id = plans.plan_id
    union
    select owners.subscription_id, billing_entities.valid_from
    from owners
    inner join billing_entities on owners.billing_entity_id = billing_entities.billing_entity_id
),

customer_of as (
    select distinct subscription_id, customer_id from owners
),

known_changes as (
    select
        changes.subscription_id,
        customer_of.customer_id,
        horizons.as_of,
        changes.valid_from as known_from
    from changes
    inner join customer_of on changes.subscription_id = customer_of.subscription_id
    inner join horizons on customer_of.customer_id = horizons.customer_id
    where changes.valid_from <= horizons.as_of
),

final as (
    select
        subscription_id,
        customer_id,
        as_of,
        known_from,
        lead(known_from) over (partition by subscription_id order by known_from) as known_to
    from known_changes
)

select * from final
