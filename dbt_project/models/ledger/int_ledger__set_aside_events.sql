with events as (
    select * from {{ ref('stg_landing__events') }}
),

set_aside_events as (
    select * from {{ ref('stg_catalog__set_aside_events') }}
),

-- A command is given once for an event, and is never changed.
final as (
    select
        events.external_subscription_id,
        events.transaction_id,
        events.code,
        events.timestamp,
        events.properties,
        events.received_at,
        set_aside_events.customer_id,
        set_aside_events.reason,
        set_aside_events.set_aside_by,
        set_aside_events.created_at as set_aside_at
    from events
    inner join set_aside_events
        on events.external_subscription_id = set_aside_events.external_subscription_id and events.transaction_id = set_aside_events.transaction_id
)

select * from final
