{{ config(materialized='view') }}
with priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }}
    where charge_model = 'graduated_percentage' or (charge_model = 'graduated' and not prorated)
),

-- Reaching a bound exactly does not open the next tier; the first tier is always walked, also by zero units.
walked as (
    select
        usage_id,
        charge_model,
        position,
        from_value,
        to_value,
        per_unit_amount,
        rate,
        flat_amount,
        {{ quantity("case when units > to_value then to_value else units end - lower_value") }} as units
    from priced_tiers
    where position = 1 or units > lower_value
),

final as (
    select
        *,
        {{ times('units', 'per_unit_amount') }} as per_unit_total_amount
    from walked
)

select * from final
