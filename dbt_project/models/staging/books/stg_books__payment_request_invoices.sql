with source as (
    select * from {{ source('books', 'payment_request_invoices') }}
),

final as (
    select
        payment_request_id,
        customer_id,
        invoice_id,
        amount_cents,
        requested_at
    from source
)

select * from final
