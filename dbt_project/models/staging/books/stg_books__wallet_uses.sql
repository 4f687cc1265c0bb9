with source as (
    select * from {{ source('books', 'wallet_uses') }}
),

final as (
    select
        wallet_use_id,
        invoice_id,
        wallet_id,
        customer_id,
        credit_class,
        inbound_priority,
        currency,
        amount_cents,
        issued_at
    from source
)

select * from final
