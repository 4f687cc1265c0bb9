with progressive_bills as (
    select * from {{ ref('int_billing__progressive_bills') }}
),

checked_fees as (
    select * from {{ ref('int_billing__usage_fees') }} where fee_state = 'checked'
),

checked_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state = 'checked' and not pay_in_advance
),

fees as (
    select * from {{ ref('int_billing__fees') }} where fee_type = 'charge' and true_up_parent_fee_id is null and corrected_invoice_id is null
),

-- A fee of nothing is no line, as on any invoice. What a minimum adds at the end of the period was never billed before.
final as (
    select
        checked_fees.fee_id, progressive_bills.invoice_id, progressive_bills.subscription_id,
        checked_fees.charge_id, checked_fees.charge_filter_id, checked_fees.group_key, checked_amounts.amount_cents
    from progressive_bills
    inner join checked_fees on progressive_bills.usage_window_id = checked_fees.usage_window_id
    inner join checked_amounts on checked_fees.fee_id = checked_amounts.fee_id
    where checked_fees.units <> 0 or checked_fees.amount <> 0 or checked_fees.events_count <> 0
    union all
    select
        fees.fee_id, progressive_bills.invoice_id, progressive_bills.subscription_id,
        fees.charge_id, fees.charge_filter_id, fees.group_key, fees.amount_cents
    from progressive_bills
    inner join fees
        on progressive_bills.invoice_id = fees.invoice_id
        and progressive_bills.subscription_id = fees.subscription_id
    where progressive_bills.invoice_type = 'subscription'
)

select * from final
