with usage_amounts as (
    select * from {{ ref('int_billing__usage_amounts') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

-- What is carried over is for the period that the bill opens; where a charge is not invoiced, it is a document of its own (rating, section 5.3).
final as (
    select
        usage_amounts.fee_id,
        window_charges.usage_window_id,
        case when window_charges.is_renewed and not window_charges.invoiceable then usage_amounts.fee_id else window_charges.invoice_id end as invoice_id,
        window_charges.window_state as fee_state,
        'charge' as fee_type,
        window_charges.customer_id,
        window_charges.subscription_id,
        window_charges.external_subscription_id,
        window_charges.plan_id,
        window_charges.charge_id,
        usage_amounts.charge_filter_id,
        window_charges.charge_model,
        window_charges.billable_metric_id,
        window_charges.billable_metric_code,
        usage_amounts.group_key,
        coalesce(window_charges.charge_code, window_charges.billable_metric_code) as item_code,
        coalesce(charge_filters.invoice_display_name, window_charges.invoice_display_name, window_charges.billable_metric_name) as item_name,
        window_charges.charge_position as item_position,
        case when window_charges.is_renewed then window_charges.to_at else window_charges.from_at end as from_at,
        case when window_charges.is_renewed then window_charges.renewed_to_at else window_charges.to_at end as to_at,
        window_charges.is_renewed,
        window_charges.horizon_at,
        window_charges.currency,
        usage_amounts.true_up_parent_fee_id,
        usage_amounts.has_true_up,
        usage_amounts.units,
        usage_amounts.events_count,
        usage_amounts.unit_amount,
        usage_amounts.amount
    from usage_amounts
    inner join window_charges on usage_amounts.window_charge_id = window_charges.window_charge_id
    left join charge_filters
        on usage_amounts.charge_filter_id = charge_filters.charge_filter_id and {{ known_at('charge_filters', 'window_charges.horizon_at') }}
)

select * from final
