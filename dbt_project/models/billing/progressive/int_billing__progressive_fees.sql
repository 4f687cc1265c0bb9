with progressive_bills as (
    select * from {{ ref('int_billing__progressive_bills') }}
),

checked_fees as (
    select * from {{ ref('int_billing__usage_fees') }} where fee_state = 'checked'
),

checked_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state = 'checked' and not pay_in_advance
),

charges as (
    select * from {{ ref('stg_catalog__charges') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

fees as (
    select * from {{ ref('int_billing__fees') }} where fee_type = 'charge' and true_up_parent_fee_id is null and corrected_invoice_id is null
),

original_charges as (
    select distinct charge_id, original_charge_id from charges
),

original_filters as (
    select distinct charge_filter_id, original_charge_filter_id from charge_filters
),

-- A fee of nothing is no line, as on any invoice. What a minimum adds at the end of the period was never billed before.
billed as (
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
),

final as (
    select billed.*, original_charges.original_charge_id, original_filters.original_charge_filter_id
    from billed
    inner join original_charges on billed.charge_id = original_charges.charge_id
    left join original_filters on billed.charge_filter_id = original_filters.charge_filter_id
)

select * from final
