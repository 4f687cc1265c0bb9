with walked_tiers as (
    select * from {{ ref('int_rating__walked_tiers') }} where charge_model = 'graduated_percentage'
),

final as (
    select
        usage_id,
        position,
        from_value,
        to_value,
        units,
        rate,
        flat_amount,
        per_unit_total_amount,
        {{ working('per_unit_total_amount + flat_amount') }} as amount
    from walked_tiers
)

select * from final
