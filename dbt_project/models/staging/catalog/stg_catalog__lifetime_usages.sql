with source as (
    select * from {{ source('catalog', 'lifetime_usages') }}
),

final as (
    select
        id as lifetime_usage_id,
        subscription_id,
        historical_usage_amount_cents,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
