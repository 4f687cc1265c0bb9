with source as (
    select * from {{ source('books', 'payment_requests') }}
),

final as (
    select
        payment_request_id,
        customer_id,
        billing_entity_id,
        dunning_campaign_id,
        currency,
        amount_cents,
        attempt,
        requested_at,
        sql_bundle_id
    from source
)

select * from final
