with late_bills as (
    select * from {{ ref('int_metering__late_bills') }} where is_alone
),

late_fees as (
    select * from {{ ref('int_billing__late_fees') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

final as (
    select distinct
        late_bills.invoice_id,
        'subscription' as invoice_type,
        late_bills.customer_id,
        late_bills.billing_entity_id,
        late_bills.currency,
        late_bills.ready_at,
        late_bills.issued_at,
        late_bills.horizon_at,
        late_bills.is_due,
        'late_usage' as invoicing_reason,
        late_bills.creation_sequence
    from late_bills
    inner join late_fees on late_bills.invoice_id = late_fees.invoice_id
    left join issued_invoices on late_bills.invoice_id = issued_invoices.invoice_id
    where issued_invoices.invoice_id is null
)

select * from final
