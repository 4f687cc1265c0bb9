with source as (
    select * from {{ source('catalog', 'charge_filter_values') }}
),

final as (
    select
        charge_filter_id,
        key,
        value,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
