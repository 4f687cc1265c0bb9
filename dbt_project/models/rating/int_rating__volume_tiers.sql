with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'volume'
),

priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }}
),

-- The full units choose the tier, also where prorated units are priced (rating, section 4.4).
reached as (
    select
        priced_usage.usage_id,
        priced_usage.units,
        priced_usage.full_units,
        priced_tiers.position,
        priced_tiers.from_value,
        priced_tiers.to_value,
        priced_tiers.flat_amount,
        {{ times('priced_usage.units', 'priced_tiers.per_unit_amount') }} as per_unit_total_amount
    from priced_usage
    inner join priced_tiers on priced_usage.usage_id = priced_tiers.usage_id
    where (priced_tiers.position = 1 or priced_usage.full_units > priced_tiers.lower_value)
        and (priced_tiers.to_value is null or priced_usage.full_units <= priced_tiers.to_value)
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
