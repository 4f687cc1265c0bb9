with source as (
    select * from {{ source('catalog', 'fixed_charge_units') }}
),

final as (
    select
        id as fixed_charge_units_id,
        fixed_charge_id,
        subscription_id,
        {{ quantity('units') }} as units,
        effective_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
