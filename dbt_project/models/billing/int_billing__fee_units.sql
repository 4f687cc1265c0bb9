with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }} where usage_kind = 'period'
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

final as (
    select
        chargeable_quantities.usage_id as fee_id,
        window_charges.subscription_id,
        chargeable_quantities.total_aggregated_units
    from chargeable_quantities
    inner join window_charges on chargeable_quantities.window_charge_id = window_charges.window_charge_id
)

select * from final
