with source as (
    select * from {{ source('catalog', 'credit_notes') }}
),

final as (
    select
        id as credit_note_id,
        customer_id,
        invoice_id,
        reason,
        description,
        credit_amount_cents,
        refund_amount_cents,
        offset_amount_cents,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
