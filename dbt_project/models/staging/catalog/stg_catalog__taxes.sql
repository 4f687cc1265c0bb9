with source as (
    select * from {{ source('catalog', 'taxes') }}
),

final as (
    select
        id as tax_id,
        code,
        name,
        {{ quantity('rate') }} as rate,
        description,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
