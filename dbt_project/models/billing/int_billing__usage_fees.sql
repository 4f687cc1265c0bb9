with charges as (
    select * from {{ ref('int_rating__charges') }} where usage_kind = 'period'
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

final as (
    select
        charges.usage_id as fee_id,
        window_charges.invoice_id,
        window_charges.window_state as fee_state,
        'charge' as fee_type,
        window_charges.customer_id,
        window_charges.subscription_id,
        window_charges.external_subscription_id,
        window_charges.plan_id,
        charges.charge_id,
        charges.charge_filter_id,
        charges.charge_model,
        window_charges.billable_metric_id,
        window_charges.billable_metric_code,
        charges.group_key,
        coalesce(window_charges.charge_code, window_charges.billable_metric_code) as item_code,
        coalesce(charge_filters.invoice_display_name, window_charges.invoice_display_name, window_charges.billable_metric_name) as item_name,
        window_charges.charge_position as item_position,
        window_charges.from_at,
        window_charges.to_at,
        window_charges.horizon_at,
        window_charges.currency,
        charges.units,
        charges.events_count,
        charges.unit_amount,
        charges.amount
    from charges
    inner join window_charges on charges.window_charge_id = window_charges.window_charge_id
    left join charge_filters
        on charges.charge_filter_id = charge_filters.charge_filter_id and {{ known_at('charge_filters', 'window_charges.horizon_at') }}
)

select * from final
