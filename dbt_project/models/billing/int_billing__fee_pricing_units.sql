with usage_amounts as (
    select * from {{ ref('int_billing__usage_amounts') }} where pricing_unit_id is not null
),

advance_amounts as (
    select * from {{ ref('int_billing__advance_amounts') }} where pricing_unit_id is not null
),

late_fees as (
    select * from {{ ref('int_billing__late_fees') }} where pricing_unit_id is not null
),

final as (
    select
        fee_id,
        pricing_unit_id,
        pricing_unit_code,
        pricing_unit_short_name,
        conversion_rate,
        own_unit_amount as unit_amount,
        own_amount as precise_amount,
        own_amount_cents as amount_cents
    from usage_amounts
    union all
    select fee_id, pricing_unit_id, pricing_unit_code, pricing_unit_short_name, conversion_rate, own_unit_amount, own_amount, own_amount_cents
    from advance_amounts
    union all
    select fee_id, pricing_unit_id, pricing_unit_code, pricing_unit_short_name, conversion_rate, own_unit_amount, own_amount, own_amount_cents
    from late_fees
)

select * from final
