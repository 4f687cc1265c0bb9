with advance_fees as (
    select * from {{ ref('int_rating__advance_fees') }}
),

advance_amounts as (
    select * from {{ ref('int_billing__advance_amounts') }}
),

charge_events as (
    select * from {{ ref('int_metering__advance_charge_events') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

-- A fee that is not invoiced is settled like an invoice of its own, under its own id.
final as (
    select
        advance_fees.fee_id,
        case when charge_events.invoiceable then {{ deterministic_id(["'in_advance_charge'", 'advance_fees.fee_id']) }} else advance_fees.fee_id end as invoice_id,
        case when charge_events.invoiceable then 'subscription' else 'standalone_fee' end as invoice_type,
        charge_events.customer_id,
        charge_events.billing_entity_id,
        charge_events.subscription_id,
        charge_events.external_subscription_id,
        charge_events.transaction_id,
        charge_events.received_sequence,
        charge_events.plan_id,
        advance_fees.charge_id,
        advance_fees.charge_filter_id,
        advance_fees.charge_model,
        charge_events.billable_metric_id,
        charge_events.billable_metric_code,
        advance_fees.group_key,
        coalesce(charge_events.charge_code, charge_events.billable_metric_code) as item_code,
        coalesce(charge_filters.invoice_display_name, charge_events.invoice_display_name, charge_events.billable_metric_name) as item_name,
        charge_events.charge_position as item_position,
        charge_events.from_at,
        charge_events.to_at,
        advance_fees.horizon_at,
        advance_fees.currency,
        advance_fees.units,
        advance_amounts.amount
    from advance_fees
    inner join advance_amounts on advance_fees.fee_id = advance_amounts.fee_id
    inner join charge_events
        on advance_fees.window_charge_id = charge_events.window_charge_id
        and advance_fees.external_subscription_id = charge_events.external_subscription_id
        and advance_fees.transaction_id = charge_events.transaction_id
    left join charge_filters
        on advance_fees.charge_filter_id = charge_filters.charge_filter_id and {{ known_at('charge_filters', 'advance_fees.horizon_at') }}
)

select * from final
