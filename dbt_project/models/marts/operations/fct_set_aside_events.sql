with set_aside_events as (
    select * from {{ ref('int_ledger__set_aside_events') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

final as (
    select
        set_aside_events.external_subscription_id,
        set_aside_events.transaction_id,
        set_aside_events.code,
        set_aside_events.timestamp,
        set_aside_events.properties,
        set_aside_events.received_at,
        set_aside_events.customer_id,
        customers.external_id as customer_external_id,
        set_aside_events.reason,
        set_aside_events.set_aside_by,
        set_aside_events.set_aside_at
    from set_aside_events
    left join customers on set_aside_events.customer_id = customers.customer_id
)

select * from final
