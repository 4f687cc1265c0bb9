with source as (
    select * from {{ source('catalog', 'payments') }}
),

final as (
    select
        id as payment_id,
        customer_id,
        invoice_id,
        amount_cents,
        reference,
        paid_at,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
