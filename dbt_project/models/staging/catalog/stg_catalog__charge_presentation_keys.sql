with source as (
    select * from {{ source('catalog', 'charge_presentation_keys') }}
),

final as (
    select
        charge_id,
        position,
        key,
        display_in_invoice,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
