with priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }} where charge_model = 'volume'
),

-- The full units choose the tier, also where prorated units are priced (rating, section 4.4).
reached as (
    select
        usage_id,
        position,
        from_value,
        to_value,
        full_units,
        flat_amount,
        {{ times('units', 'per_unit_amount') }} as per_unit_total_amount
    from priced_tiers
    where (position = 1 or full_units > lower_value) and (to_value is null or full_units <= to_value)
),

final as (
    select
        usage_id,
        position,
        from_value,
        to_value,
        full_units,
        {{ unit_price('per_unit_total_amount', 'full_units', 12) }} as per_unit_amount,
        flat_amount,
        per_unit_total_amount,
        {{ working('per_unit_total_amount + flat_amount') }} as amount
    from reached
)

select * from final
