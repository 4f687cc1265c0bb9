with source as (
    select * from {{ source('catalog', 'credit_note_voids') }}
),

final as (
    select
        id as credit_note_void_id,
        credit_note_id,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
