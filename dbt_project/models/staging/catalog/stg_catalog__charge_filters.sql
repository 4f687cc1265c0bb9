with source as (
    select * from {{ source('catalog', 'charge_filters') }}
),

final as (
    select
        id as charge_filter_id,
        charge_id,
        invoice_display_name,
        position,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
