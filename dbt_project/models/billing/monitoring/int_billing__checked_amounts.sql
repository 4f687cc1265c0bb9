with usage_fees as (
    select * from {{ ref('int_billing__usage_fees') }}
),

-- What is charged in advance is on invoices of its own.
charges_in_arrears as (
    select usage_window_id, charge_id from {{ ref('int_metering__window_charges') }} where not pay_in_advance
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
        usage_fees.subscription_id,
        usage_fees.charge_id,
        usage_fees.billable_metric_id,
        usage_fees.from_at,
        usage_fees.to_at,
        usage_fees.units,
        {{ round_money('usage_fees.amount', 'currencies.minor_units') }} as amount_cents
    from usage_fees
    inner join charges_in_arrears
        on usage_fees.usage_window_id = charges_in_arrears.usage_window_id and usage_fees.charge_id = charges_in_arrears.charge_id
    inner join currencies on usage_fees.currency = currencies.currency
)

select * from final
