with checked_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state in ('due', 'draft') and not pay_in_advance
),

unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }} where usage_from_at is not null
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }} where fee_type = 'charge'
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }} where invoice_type = 'subscription'
),

charges as (
    select * from {{ ref('stg_catalog__charges') }} where not pay_in_advance
),

billed as (
    select
        issued_fees.invoice_id, issued_fees.subscription_id, issued_fees.billable_metric_id, issued_fees.charge_id,
        issued_invoices.issued_at, issued_fees.amount_cents, issued_fees.units
    from issued_fees
    inner join issued_invoices on issued_fees.invoice_id = issued_invoices.invoice_id
    inner join charges on issued_fees.charge_id = charges.charge_id and {{ known_at('charges', 'issued_invoices.issued_at') }}
    union all
    select
        checked_amounts.invoice_id, checked_amounts.subscription_id, checked_amounts.billable_metric_id, checked_amounts.charge_id,
        unissued_items.issued_at, checked_amounts.amount_cents, checked_amounts.units
    from checked_amounts
    inner join unissued_items
        on checked_amounts.invoice_id = unissued_items.invoice_id and checked_amounts.subscription_id = unissued_items.subscription_id
),

of_charges as (
    select
        invoice_id, subscription_id, billable_metric_id, charge_id, issued_at,
        sum(amount_cents) as amount_cents, sum(units) as units
    from billed
    group by invoice_id, subscription_id, billable_metric_id, charge_id, issued_at
),

-- Two charges on one metric price the same units twice, so their units are not added up.
final as (
    select
        invoice_id, subscription_id, billable_metric_id, issued_at,
        {{ cents('sum(amount_cents)') }} as amount_cents,
        {{ quantity('max(units)') }} as units
    from of_charges
    group by invoice_id, subscription_id, billable_metric_id, issued_at
)

select * from final
