with usage_fees as (
    select * from {{ ref('int_billing__usage_fees') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- The step that makes a fee of it (int_billing__fees), taken here for what is compared before, or without, being billed.
final as (
    select
        usage_fees.fee_id,
        usage_fees.usage_window_id,
        usage_fees.invoice_id,
        usage_fees.fee_state,
        usage_fees.customer_id,
        usage_fees.subscription_id,
        usage_fees.plan_id,
        usage_fees.charge_id,
        usage_fees.billable_metric_id,
        usage_fees.from_at,
        usage_fees.to_at,
        window_charges.pay_in_advance,
        usage_fees.horizon_at,
        usage_fees.currency,
        usage_fees.units,
        usage_fees.amount,
        {{ round_money('usage_fees.amount', 'currencies.minor_units') }} as amount_cents
    from usage_fees
    inner join window_charges
        on usage_fees.usage_window_id = window_charges.usage_window_id and usage_fees.charge_id = window_charges.charge_id
    inner join currencies on usage_fees.currency = currencies.currency
)

select * from final
