with usage_windows as (
    select * from {{ ref('int_metering__usage_windows') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }}
),

billable_metrics as (
    select * from {{ ref('stg_catalog__billable_metrics') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

charge_group_keys as (
    select * from {{ ref('stg_catalog__charge_group_keys') }}
),

filtered as (
    select distinct charge_id from charge_filters
),

grouped as (
    select distinct charge_id from charge_group_keys
),

-- Metrics that the next plan goes on with.
continued as (
    select distinct usage_windows.usage_window_id, charges.billable_metric_id
    from usage_windows
    inner join charges
        on usage_windows.successor_plan_id = charges.plan_id and {{ known_at('charges', 'usage_windows.horizon_at') }}
),

final as (
    select
        {{ deterministic_id(['usage_windows.usage_window_id', 'charges.charge_id']) }} as window_charge_id,
        usage_windows.usage_window_id,
        usage_windows.subscription_id,
        usage_windows.customer_id,
        usage_windows.external_subscription_id,
        usage_windows.plan_id,
        usage_windows.currency,
        usage_windows.timezone,
        usage_windows.invoice_id,
        usage_windows.window_state,
        usage_windows.from_at,
        usage_windows.to_at,
        usage_windows.period_days,
        usage_windows.ends_with_service,
        usage_windows.successor_plan_id,
        usage_windows.renewed_to_at,
        usage_windows.horizon_at,
        usage_windows.known_until_at,
        charges.charge_id,
        charges.original_charge_id,
        charges.charge_model,
        charges.code as charge_code,
        charges.invoice_display_name,
        charges.position as charge_position,
        charges.prorated,
        charges.pay_in_advance,
        charges.invoiceable,
        charges.min_amount_cents,
        charges.late_usage_policy,
        billable_metrics.billable_metric_id,
        billable_metrics.code as billable_metric_code,
        billable_metrics.name as billable_metric_name,
        billable_metrics.aggregation_type,
        billable_metrics.field_name,
        billable_metrics.sql_metric,
        billable_metrics.recurring,
        billable_metrics.rounding_function,
        coalesce(billable_metrics.rounding_precision, 0) as rounding_precision,
        continued.usage_window_id is not null as is_continued,
        charges.pay_in_advance and billable_metrics.recurring and usage_windows.renewed_to_at is not null as is_renewed,
        filtered.charge_id is not null or grouped.charge_id is not null as has_buckets
    from usage_windows
    inner join charges
        on usage_windows.plan_id = charges.plan_id and {{ known_at('charges', 'usage_windows.horizon_at') }}
    inner join billable_metrics
        on charges.billable_metric_id = billable_metrics.billable_metric_id and {{ known_at('billable_metrics', 'usage_windows.horizon_at') }}
    left join continued
        on usage_windows.usage_window_id = continued.usage_window_id and charges.billable_metric_id = continued.billable_metric_id
    left join filtered on charges.charge_id = filtered.charge_id
    left join grouped on charges.charge_id = grouped.charge_id
    -- What ignores late usage is not measured with it.
    where usage_windows.window_state <> 'late' or charges.late_usage_policy <> 'ignore'
)

select * from final
