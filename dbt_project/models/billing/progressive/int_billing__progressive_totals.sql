with progressive_bills as (
    select * from {{ ref('int_billing__progressive_bills') }}
),

progressive_fees as (
    select * from {{ ref('int_billing__progressive_fees') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

fees as (
    select * from {{ ref('int_billing__fees') }}
),

-- An invoice may hold the bills of several subscriptions.
invoices as (
    select invoice_id, invoice_type, customer_id, currency, ready_at
    from progressive_bills
    group by invoice_id, invoice_type, customer_id, currency, ready_at
),

lines as (
    select invoices.invoice_id, progressive_fees.amount_cents
    from invoices
    inner join progressive_fees on invoices.invoice_id = progressive_fees.invoice_id
    where invoices.invoice_type = 'progressive_billing'
    union all
    select invoices.invoice_id, fees.amount_cents
    from invoices
    inner join fees on invoices.invoice_id = fees.invoice_id
    where invoices.invoice_type = 'subscription'
),

line_totals as (
    select invoice_id, sum(amount_cents) as amount_cents
    from lines
    group by invoice_id
),

credit_totals as (
    select
        invoice_id,
        sum(progressive_billing_credit_amount_cents) as credit_cents,
        sum(credit_note_amount_cents) as credit_note_cents
    from progressive_credits
    group by invoice_id
),

final as (
    select
        invoices.invoice_id, invoices.invoice_type, invoices.customer_id, invoices.currency, invoices.ready_at,
        {{ cents('coalesce(line_totals.amount_cents, 0)') }} as fees_amount_cents,
        {{ cents('coalesce(credit_totals.credit_cents, 0)') }} as progressive_billing_credit_amount_cents,
        {{ cents('coalesce(line_totals.amount_cents, 0) - coalesce(credit_totals.credit_cents, 0)') }} as uncredited_amount_cents,
        {{ cents('coalesce(credit_totals.credit_note_cents, 0)') }} as credit_note_amount_cents
    from invoices
    left join line_totals on invoices.invoice_id = line_totals.invoice_id
    left join credit_totals on invoices.invoice_id = credit_totals.invoice_id
)

select * from final
