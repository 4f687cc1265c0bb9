with source as (
    select * from {{ source('catalog', 'invoice_disputes') }}
),

final as (
    select
        id as invoice_dispute_id,
        customer_id,
        invoice_id,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
