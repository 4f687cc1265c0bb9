with source as (
    select * from {{ source('catalog', 'applied_taxes') }}
),

final as (
    select
        id as applied_tax_id,
        owner_type,
        owner_id,
        tax_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
