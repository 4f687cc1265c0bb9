with source as (
    select * from {{ source('books', 'credit_note_voids') }}
),

final as (
    select
        credit_note_void_id,
        credit_note_id,
        invoice_id,
        customer_id,
        currency,
        amount_cents,
        issued_at,
        sql_bundle_id
    from source
)

select * from final
