with source as (
    select * from {{ source('books', 'wallet_returns') }}
),

final as (
    select
        wallet_return_id,
        invoice_void_id,
        invoice_id,
        wallet_id,
        customer_id,
        currency,
        credit_class,
        inbound_priority,
        amount_cents,
        issued_at
    from source
)

select * from final
