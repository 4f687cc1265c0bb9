with source as (
    select * from {{ source('catalog', 'alerts') }}
),

final as (
    select
        id as alert_id,
        customer_id,
        external_subscription_id,
        wallet_id,
        alert_type,
        billable_metric_id,
        code,
        name,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
