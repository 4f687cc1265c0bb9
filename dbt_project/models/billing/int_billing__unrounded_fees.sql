with subscription_fees as (
    select * from {{ ref('int_billing__subscription_fees') }}
),

billed_usage_fees as (
    select * from {{ ref('int_billing__billed_usage_fees') }}
),

fixed_charge_fees as (
    select * from {{ ref('int_billing__fixed_charge_fees') }}
),

advance_fees as (
    select * from {{ ref('int_billing__advance_fees') }}
),

one_off_fees as (
    select * from {{ ref('int_billing__one_off_fees') }}
),

credit_fees as (
    select * from {{ ref('int_billing__credit_fees') }}
),

unissued_invoices as (
    select * from {{ ref('int_billing__unissued_invoices') }}
),

-- Lines stand in this order: the plan's fee, usage, fixed charges.
united as (
    select
        fee_id, invoice_id, fee_state, 'subscription' as fee_type, customer_id, subscription_id, external_subscription_id, plan_id,
        null as charge_id, null as charge_filter_id, null as charge_model, null as billable_metric_id, null as billable_metric_code, null as group_key,
        null as add_on_id, null as wallet_transaction_id, null as true_up_parent_fee_id, item_code, item_name, null as description, 0 as item_position,
        from_at, to_at, horizon_at, currency, 1 as units, 0 as events_count, amount as unit_amount, amount, null as event_transaction_id,
        null as corrected_invoice_id, null as known_after_at
    from subscription_fees
    union all
    select
        fee_id, invoice_id, fee_state, fee_type, customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code, group_key,
        null, null, true_up_parent_fee_id, item_code, item_name, null, item_position,
        from_at, to_at, horizon_at, currency, units, events_count, unit_amount, amount, null, corrected_invoice_id, known_after_at
    from billed_usage_fees
    union all
    select
        fee_id, invoice_id, fee_state, 'fixed_charge', customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, null, charge_model, null, null, null,
        add_on_id, null, null, item_code, item_name, null, 1000000 + item_position,
        from_at, to_at, horizon_at, currency, units, 0, unit_amount, amount, null, null, null
    from fixed_charge_fees
    union all
    select
        one_off_fees.fee_id, one_off_fees.invoice_id, 'due', 'add_on', one_off_fees.customer_id, null, null, null,
        null, null, null, null, null, null,
        one_off_fees.add_on_id, null, null, one_off_fees.item_code, one_off_fees.item_name, one_off_fees.description, one_off_fees.item_position,
        null, null, one_off_fees.horizon_at, one_off_fees.currency, one_off_fees.units, 0, one_off_fees.unit_amount, one_off_fees.amount, null, null, null
    from one_off_fees
    inner join unissued_invoices on one_off_fees.invoice_id = unissued_invoices.invoice_id
    union all
    select
        credit_fees.fee_id, credit_fees.invoice_id, case when credit_fees.is_due then 'due' else 'draft' end, 'credit', credit_fees.customer_id, null, null, null,
        null, null, null, null, null, null,
        null, credit_fees.wallet_transaction_id, null, 'prepaid_credits', 'Prepaid credits', null, 0,
        null, null, credit_fees.horizon_at, credit_fees.currency, credit_fees.units, 0, {{ unit_price('credit_fees.amount', 'credit_fees.units') }}, credit_fees.amount, null, null, null
    from credit_fees
    inner join unissued_invoices on credit_fees.invoice_id = unissued_invoices.invoice_id
    union all
    select
        fee_id, invoice_id, 'due', 'charge', customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code, group_key,
        null, null, null, item_code, item_name, null, item_position,
        from_at, to_at, horizon_at, currency, units, 1, null, amount, transaction_id, null, null
    from advance_fees
),

final as (
    select
        fee_id, cast(invoice_id as string) as invoice_id, fee_state, fee_type, customer_id,
        cast(subscription_id as string) as subscription_id, cast(external_subscription_id as string) as external_subscription_id,
        cast(plan_id as string) as plan_id, cast(charge_id as string) as charge_id, cast(charge_filter_id as string) as charge_filter_id,
        cast(charge_model as string) as charge_model, cast(billable_metric_id as string) as billable_metric_id,
        cast(billable_metric_code as string) as billable_metric_code, cast(group_key as string) as group_key,
        cast(add_on_id as string) as add_on_id, cast(wallet_transaction_id as string) as wallet_transaction_id,
        cast(true_up_parent_fee_id as string) as true_up_parent_fee_id,
        cast(item_code as string) as item_code, cast(item_name as string) as item_name, cast(description as string) as description,
        cast(item_position as bigint) as item_position, cast(from_at as timestamp) as from_at, cast(to_at as timestamp) as to_at,
        horizon_at, currency,
        {{ quantity('units') }} as units,
        cast(events_count as bigint) as events_count,
        {{ working('unit_amount') }} as unit_amount,
        {{ working('amount') }} as precise_amount,
        cast(event_transaction_id as string) as event_transaction_id,
        cast(corrected_invoice_id as string) as corrected_invoice_id,
        cast(known_after_at as timestamp) as known_after_at
    from united
)

select * from final
