with placements as (
    select * from {{ ref('int_metering__advance_placements') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }} where pay_in_advance
),

billable_metrics as (
    select * from {{ ref('stg_catalog__billable_metrics') }}
),

-- A charge that got terms of its own in the middle of a period goes on with the units of it.
final as (
    select
        {{ deterministic_id(["'advance_window'", 'charges.original_charge_id', 'placements.subscription_id', 'cast(placements.period_index as string)']) }} as window_charge_id,
        placements.external_subscription_id, placements.transaction_id, placements.timestamp, placements.properties,
        placements.precise_total_amount_cents, placements.known_at, placements.received_at, placements.received_sequence, placements.billed_at,
        placements.subscription_id, placements.customer_id, placements.billing_entity_id, placements.plan_id, placements.currency,
        placements.timezone, placements.from_at, placements.to_at, placements.ends_with_service, placements.period_days,
        placements.billing_starts_at is null or placements.billed_at >= placements.billing_starts_at as is_billed,
        charges.charge_id, charges.original_charge_id, charges.charge_model, charges.code as charge_code, charges.invoice_display_name,
        charges.position as charge_position, charges.prorated, charges.invoiceable,
        billable_metrics.billable_metric_id, billable_metrics.code as billable_metric_code, billable_metrics.name as billable_metric_name,
        billable_metrics.aggregation_type, billable_metrics.field_name, billable_metrics.recurring
    from placements
    inner join charges on placements.plan_id = charges.plan_id and {{ known_at('charges', 'placements.billed_at') }}
    inner join billable_metrics
        on charges.billable_metric_id = billable_metrics.billable_metric_id
        and placements.code = billable_metrics.code
        and {{ known_at('billable_metrics', 'placements.billed_at') }}
)

select * from final
