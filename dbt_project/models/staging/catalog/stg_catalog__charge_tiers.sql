with source as (
    select * from {{ source('catalog', 'charge_tiers') }}
),

final as (
    select
        charge_id,
        charge_filter_id,
        position,
        {{ quantity('from_value') }} as from_value,
        {{ quantity('to_value') }} as to_value,
        {{ quantity('per_unit_amount') }} as per_unit_amount,
        {{ quantity('rate') }} as rate,
        {{ quantity('flat_amount') }} as flat_amount,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
