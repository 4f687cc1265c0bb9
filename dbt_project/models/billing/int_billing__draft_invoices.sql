with unissued_invoices as (
    select * from {{ ref('int_billing__unissued_invoices') }}
),

invoice_dates as (
    select * from {{ ref('int_billing__invoice_dates') }}
),

fees as (
    select * from {{ ref('int_billing__fees') }}
),

fee_taxes as (
    select * from {{ ref('int_billing__fee_taxes') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

fee_totals as (
    select invoice_id, {{ cents('sum(amount_cents)') }} as fees_amount_cents
    from fees
    where invoice_id is not null
    group by invoice_id
),

credit_totals as (
    select invoice_id, {{ cents('sum(progressive_billing_credit_amount_cents)') }} as credit_cents
    from progressive_credits
    group by invoice_id
),

tax_totals as (
    select invoice_id, {{ round_cents('sum(precise_amount_cents)') }} as taxes_amount_cents
    from fee_taxes
    group by invoice_id
),

final as (
    select
        unissued_invoices.invoice_id,
        unissued_invoices.invoice_type,
        unissued_invoices.customer_id,
        unissued_invoices.billing_entity_id,
        unissued_invoices.currency,
        unissued_invoices.invoicing_reason,
        unissued_invoices.is_due,
        unissued_invoices.ready_at,
        unissued_invoices.issued_at,
        unissued_invoices.creation_sequence,
        invoice_dates.issuing_date,
        invoice_dates.payment_due_date,
        invoice_dates.timezone,
        coalesce(fee_totals.fees_amount_cents, 0) as fees_amount_cents,
        coalesce(credit_totals.credit_cents, 0) as progressive_billing_credit_amount_cents,
        coalesce(tax_totals.taxes_amount_cents, 0) as taxes_amount_cents,
        {{ cents('coalesce(fee_totals.fees_amount_cents, 0) - coalesce(credit_totals.credit_cents, 0) + coalesce(tax_totals.taxes_amount_cents, 0)') }} as total_amount_cents
    from unissued_invoices
    inner join invoice_dates on unissued_invoices.invoice_id = invoice_dates.invoice_id
    left join fee_totals on unissued_invoices.invoice_id = fee_totals.invoice_id
    left join credit_totals on unissued_invoices.invoice_id = credit_totals.invoice_id
    left join tax_totals on unissued_invoices.invoice_id = tax_totals.invoice_id
)

select * from final
