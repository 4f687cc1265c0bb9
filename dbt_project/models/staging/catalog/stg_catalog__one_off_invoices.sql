with source as (
    select * from {{ source('catalog', 'one_off_invoices') }}
),

final as (
    select
        id as one_off_invoice_id,
        customer_id,
        currency,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
