with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }}
    where charge_model = 'graduated_percentage' or (charge_model = 'graduated' and not prorated)
),

priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }}
),

-- Reaching a bound exactly does not open the next tier; the first tier is always walked, also by zero units.
walked as (
    select
        priced_usage.usage_id,
        priced_usage.charge_model,
        priced_tiers.position,
        priced_tiers.from_value,
        priced_tiers.to_value,
        priced_tiers.per_unit_amount,
        priced_tiers.rate,
        priced_tiers.flat_amount,
        {{ quantity("case when priced_usage.units > priced_tiers.to_value then priced_tiers.to_value else priced_usage.units end - priced_tiers.lower_value") }} as units
    from priced_usage
    inner join priced_tiers on priced_usage.usage_id = priced_tiers.usage_id
    where priced_tiers.position = 1 or priced_usage.units > priced_tiers.lower_value
),

final as (
    select
        *,
        {{ times('units', 'per_unit_amount') }} as per_unit_total_amount
    from walked
)

select * from final
