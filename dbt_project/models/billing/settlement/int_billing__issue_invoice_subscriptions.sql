with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

fixed_charge_windows as (
    select * from {{ ref('int_metering__fixed_charge_windows') }} where window_state <> 'paid'
),

advance_fees as (
    select * from {{ ref('int_billing__advance_fees') }} where invoice_type = 'subscription'
),

progressive_invoices as (
    select * from {{ ref('int_billing__progressive_invoices') }}
),

progressive_bills as (
    select * from {{ ref('int_billing__progressive_bills') }}
),

final as (
    select
        unissued_items.invoice_id,
        unissued_items.subscription_id,
        unissued_items.external_subscription_id,
        unissued_items.plan_id,
        unissued_items.invoicing_reason,
        unissued_items.fee_from_at,
        unissued_items.fee_to_at,
        unissued_items.usage_from_at,
        unissued_items.usage_to_at,
        unissued_items.issued_at,
        fixed_charge_windows.from_at as fixed_charges_from_at,
        fixed_charge_windows.to_at as fixed_charges_to_at,
        progressive_bills.credited_invoice_id
    from unissued_items
    inner join settlement_queue on unissued_items.invoice_id = settlement_queue.invoice_id
    left join fixed_charge_windows
        on unissued_items.invoice_id = fixed_charge_windows.invoice_id
        and unissued_items.subscription_id = fixed_charge_windows.subscription_id
        and fixed_charge_windows.billing_side
        = case unissued_items.invoicing_reason when 'starting' then 'advance' when 'fixed_charge_change' then 'change' else 'arrears' end
        and fixed_charge_windows.to_at >= case unissued_items.invoicing_reason when 'periodic' then unissued_items.usage_to_at else timestamp '0001-01-01 00:00:00' end
        and fixed_charge_windows.to_at <= case unissued_items.invoicing_reason when 'periodic' then unissued_items.usage_to_at else timestamp '9999-12-31 00:00:00' end
    left join progressive_bills
        on unissued_items.invoice_id = progressive_bills.invoice_id
        and unissued_items.subscription_id = progressive_bills.subscription_id
        and unissued_items.usage_from_at = progressive_bills.from_at
    union all
    select
        advance_fees.invoice_id, advance_fees.subscription_id, advance_fees.external_subscription_id, advance_fees.plan_id, 'in_advance_charge',
        null, null, advance_fees.from_at, advance_fees.to_at, settlement_queue.issued_at, null, null, null
    from advance_fees
    inner join settlement_queue on advance_fees.invoice_id = settlement_queue.invoice_id
    union all
    select
        progressive_invoices.invoice_id, progressive_invoices.subscription_id, progressive_invoices.external_subscription_id, progressive_invoices.plan_id,
        'progressive_billing', null, null, progressive_invoices.from_at, progressive_invoices.to_at, settlement_queue.issued_at, null, null,
        progressive_bills.credited_invoice_id
    from progressive_invoices
    inner join settlement_queue on progressive_invoices.invoice_id = settlement_queue.invoice_id
    inner join progressive_bills on progressive_invoices.invoice_id = progressive_bills.invoice_id
)

select * from final
