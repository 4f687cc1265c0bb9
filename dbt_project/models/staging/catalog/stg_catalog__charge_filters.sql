with source as (
    select * from {{ source('catalog', 'charge_filters') }}
),

final as (
    select
        id as charge_filter_id,
        charge_id,
        invoice_display_name,
        position,
        coalesce(parent_id, id) as original_charge_filter_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
