with settlement_totals as (
    select * from {{ ref('int_billing__settlement_totals') }} where invoice_type = 'standalone_fee'
),

invoice_dates as (
    select * from {{ ref('int_billing__invoice_dates') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

-- Taxed at once; neither coupons nor credits reach a fee that is not invoiced (rating, section 5.3).
final as (
    select
        settlement_totals.invoice_id as fee_id,
        settlement_totals.customer_id,
        settlement_totals.billing_entity_id,
        settlement_totals.currency,
        invoice_dates.issuing_date,
        settlement_totals.fees_amount_cents as amount_cents,
        settlement_totals.taxes_amount_cents,
        settlement_totals.sub_total_including_taxes_amount_cents as total_amount_cents,
        settlement_totals.issued_at,
        control.sql_bundle_id
    from settlement_totals
    cross join control
    inner join invoice_dates on settlement_totals.invoice_id = invoice_dates.invoice_id
)

select * from final
