with source as (
    select * from {{ source('catalog', 'set_aside_events') }}
),

final as (
    select
        id as set_aside_event_id,
        customer_id,
        external_subscription_id,
        transaction_id,
        reason,
        set_aside_by,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
