with source as (
    select * from {{ source('catalog', 'pricing_units') }}
),

final as (
    select
        id as pricing_unit_id,
        code,
        name,
        short_name,
        exponent,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
