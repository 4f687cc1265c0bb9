with source as (
    select * from {{ source('books', 'credit_note_uses') }}
),

final as (
    select
        credit_note_use_id,
        invoice_id,
        credit_note_id,
        customer_id,
        currency,
        amount_cents,
        issued_at
    from source
)

select * from final
