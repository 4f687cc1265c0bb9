with invoices as (
    select * from {{ ref('stg_books__invoices') }} where status = 'finalized'
),

standalone_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }} where status = 'finalized'
),

invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

-- A credit note takes revenue, coupons and taxes back in its own month; it changes no total of an invoice. A void takes back what is left, and that it be paid.
documents as (
    select
        issuing_date, currency, invoice_type, 1 as invoices_count, sub_total_excluding_taxes_amount_cents, coupons_amount_cents, taxes_amount_cents,
        prepaid_credit_amount_cents, total_amount_cents, 0 as credited_amount_cents
    from invoices
    union all
    select issuing_date, currency, 'standalone_fee', 0, amount_cents, 0, taxes_amount_cents, 0, total_amount_cents, 0
    from standalone_fees
    union all
    select
        issuing_date, currency, 'credit_note', 0, -sub_total_excluding_taxes_amount_cents, -coupons_adjustment_amount_cents, -taxes_amount_cents, 0, 0,
        total_amount_cents
    from credit_notes
    union all
    select
        invoice_voids.issuing_date, invoice_voids.currency, invoices.invoice_type, 0, -invoice_voids.sub_total_excluding_taxes_amount_cents,
        -invoice_voids.coupons_amount_cents, -invoice_voids.taxes_amount_cents, 0, -invoice_voids.due_amount_cents, 0
    from invoice_voids
    inner join invoices on invoice_voids.invoice_id = invoices.invoice_id
),

-- A top-up sells credits; it becomes revenue when they pay an invoice, so it stands apart.
final as (
    select
        cast(date_trunc('month', issuing_date) as date) as month_on,
        currency,
        {{ cents('sum(invoices_count)') }} as invoices_count,
        {{ cents("sum(case when invoice_type = 'credit' then 0 else sub_total_excluding_taxes_amount_cents end)") }} as revenue_amount_cents,
        {{ cents("sum(case when invoice_type = 'credit' then sub_total_excluding_taxes_amount_cents else 0 end)") }} as credits_sold_amount_cents,
        {{ cents('sum(coupons_amount_cents)') }} as coupons_amount_cents,
        {{ cents('sum(taxes_amount_cents)') }} as taxes_amount_cents,
        {{ cents('sum(prepaid_credit_amount_cents)') }} as prepaid_credit_amount_cents,
        {{ cents('sum(total_amount_cents)') }} as total_amount_cents,
        {{ cents('sum(credited_amount_cents)') }} as credited_amount_cents
    from documents
    group by cast(date_trunc('month', issuing_date) as date), currency
)

select * from final
