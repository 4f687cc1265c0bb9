with source as (
    select * from {{ source('catalog', 'charge_parameters') }}
),

final as (
    select
        charge_id,
        charge_filter_id,
        name,
        position,
        key,
        value,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
