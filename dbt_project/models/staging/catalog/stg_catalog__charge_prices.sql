with source as (
    select * from {{ source('catalog', 'charge_prices') }}
),

final as (
    select
        charge_id,
        charge_filter_id,
        {{ quantity('amount') }} as amount,
        package_size,
        free_units,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
