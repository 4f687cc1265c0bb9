with source as (
    select * from {{ source('books', 'credit_note_items') }}
),

final as (
    select
        credit_note_item_id,
        credit_note_id,
        invoice_id,
        fee_id,
        currency,
        precise_amount_cents,
        amount_cents,
        precise_coupons_amount_cents
    from source
)

select * from final
