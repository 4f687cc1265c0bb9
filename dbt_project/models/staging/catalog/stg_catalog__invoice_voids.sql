with source as (
    select * from {{ source('catalog', 'invoice_voids') }}
),

final as (
    select
        id as invoice_void_id,
        customer_id,
        invoice_id,
        generate_credit_note,
        credit_amount_cents,
        refund_amount_cents,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
