with progressive_bills as (
    select * from {{ ref('int_billing__progressive_bills') }} where invoice_type = 'progressive_billing'
),

terms as (
    select * from {{ ref('int_metering__subscription_terms') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

final as (
    select
        progressive_bills.invoice_id, progressive_bills.usage_window_id, progressive_bills.customer_id, terms.billing_entity_id,
        progressive_bills.subscription_id, terms.external_subscription_id, terms.plan_id, progressive_bills.currency,
        progressive_bills.from_at, progressive_bills.to_at, progressive_bills.ready_at, terms.creation_sequence
    from progressive_bills
    inner join terms
        on progressive_bills.subscription_id = terms.subscription_id
        and terms.known_from <= progressive_bills.ready_at
        and (terms.known_to is null or progressive_bills.ready_at < terms.known_to)
    left join issued_invoices on progressive_bills.invoice_id = issued_invoices.invoice_id
    where issued_invoices.invoice_id is null
)

select * from final
