with source as (
    select * from {{ source('catalog', 'fee_payments') }}
),

final as (
    select
        id as fee_id,
        customer_id,
        payment_status,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
