with source as (
    select * from {{ source('catalog', 'credit_note_items') }}
),

final as (
    select
        id as credit_note_item_id,
        credit_note_id,
        position,
        fee_id,
        amount_cents,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
