with usage_fees as (
    select * from {{ ref('int_billing__usage_fees') }} where fee_state <> 'late'
),

late_fees as (
    select * from {{ ref('int_billing__late_fees') }}
),

progressive_invoices as (
    select * from {{ ref('int_billing__progressive_invoices') }}
),

-- Of the looks at usage those are billed that called for a progressive invoice. A fee of nothing is no line.
final as (
    select
        usage_fees.fee_id,
        case when progressive_invoices.invoice_id is not null then progressive_invoices.invoice_id else usage_fees.invoice_id end as invoice_id,
        case when progressive_invoices.invoice_id is not null then 'progressive' else usage_fees.fee_state end as fee_state,
        usage_fees.fee_type, usage_fees.customer_id, usage_fees.subscription_id, usage_fees.external_subscription_id, usage_fees.plan_id,
        usage_fees.charge_id, usage_fees.charge_filter_id, usage_fees.charge_model, usage_fees.billable_metric_id, usage_fees.billable_metric_code,
        usage_fees.group_key, usage_fees.item_code, usage_fees.item_name, usage_fees.item_position, usage_fees.from_at, usage_fees.to_at, usage_fees.horizon_at,
        usage_fees.currency, usage_fees.true_up_parent_fee_id, usage_fees.units, usage_fees.events_count, usage_fees.unit_amount, usage_fees.amount,
        cast(null as string) as corrected_invoice_id, cast(null as timestamp) as known_after_at
    from usage_fees
    left join progressive_invoices on usage_fees.usage_window_id = progressive_invoices.usage_window_id
    where usage_fees.fee_state = 'open'
        or ((usage_fees.fee_state <> 'checked' or progressive_invoices.invoice_id is not null)
            and (usage_fees.units <> 0 or usage_fees.amount <> 0 or usage_fees.events_count <> 0 or usage_fees.has_true_up))
    union all
    select
        fee_id, invoice_id, fee_state, 'charge', customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code,
        group_key, item_code, item_name, item_position, from_at, to_at, horizon_at,
        currency, null, units, events_count, unit_amount, amount, corrected_invoice_id, known_after_at
    from late_fees
)

select * from final
