{{ config(materialized='view') }}
with instant_quantities as (
    select * from {{ ref('int_metering__instant_quantities') }}
),

advance_changes as (
    select * from {{ ref('int_metering__advance_changes') }}
),

charges as (
    select * from {{ ref('int_rating__charges') }} where usage_kind = 'instant'
),

final as (
    select
        instant_quantities.usage_id as fee_id,
        instant_quantities.window_charge_id,
        instant_quantities.charge_id,
        instant_quantities.charge_filter_id,
        instant_quantities.group_key,
        instant_quantities.charge_model,
        advance_changes.external_subscription_id,
        advance_changes.transaction_id,
        instant_quantities.currency,
        instant_quantities.horizon_at,
        charges.units as billed_units,
        charges.units,
        instant_quantities.total_aggregated_units,
        charges.amount
    from instant_quantities
    inner join advance_changes on instant_quantities.usage_id = advance_changes.fee_id
    inner join charges on instant_quantities.usage_id = charges.usage_id
)

select * from final
