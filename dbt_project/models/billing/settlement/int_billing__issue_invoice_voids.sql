with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type = 'invoice_void'
),

requested_invoice_voids as (
    select * from {{ ref('int_billing__requested_invoice_voids') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

payments as (
    select * from {{ ref('stg_catalog__payments') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

noted as (
    select
        invoice_id,
        sum(sub_total_excluding_taxes_amount_cents) as sub_total_cents,
        sum(coupons_adjustment_amount_cents) as coupons_cents,
        sum(taxes_amount_cents) as taxes_cents,
        sum(offset_amount_cents) as offset_cents
    from issued_credit_notes
    group by invoice_id
),

paid as (
    select settlement_queue.invoice_id as invoice_void_id, sum(payments.amount_cents) as paid_cents
    from settlement_queue
    inner join requested_invoice_voids on settlement_queue.invoice_id = requested_invoice_voids.invoice_void_id
    inner join payments
        on requested_invoice_voids.invoice_id = payments.invoice_id and {{ known_at('payments', 'settlement_queue.issued_at') }}
    group by settlement_queue.invoice_id
),

-- A void is settled alone, so what notes gave back before is in the books; it takes back the rest, and what was left to pay.
final as (
    select
        settlement_queue.invoice_id as invoice_void_id, issued_invoices.invoice_id,
        settlement_queue.customer_id, settlement_queue.billing_entity_id, settlement_queue.currency,
        {{ local_date('settlement_queue.issued_at', "coalesce(customers.timezone, billing_entities.timezone, 'UTC')") }} as issuing_date,
        {{ cents('issued_invoices.sub_total_excluding_taxes_amount_cents - coalesce(noted.sub_total_cents, 0)') }} as sub_total_excluding_taxes_amount_cents,
        {{ cents('issued_invoices.coupons_amount_cents - coalesce(noted.coupons_cents, 0)') }} as coupons_amount_cents,
        {{ cents('issued_invoices.taxes_amount_cents - coalesce(noted.taxes_cents, 0)') }} as taxes_amount_cents,
        {{ cents('issued_invoices.total_amount_cents - coalesce(paid.paid_cents, 0) - coalesce(noted.offset_cents, 0)') }} as due_amount_cents,
        settlement_queue.issued_at, control.sql_bundle_id
    from settlement_queue
    cross join control
    inner join requested_invoice_voids on settlement_queue.invoice_id = requested_invoice_voids.invoice_void_id
    inner join issued_invoices on requested_invoice_voids.invoice_id = issued_invoices.invoice_id
    inner join customers
        on settlement_queue.customer_id = customers.customer_id and {{ known_at('customers', 'settlement_queue.issued_at') }}
    inner join billing_entities
        on settlement_queue.billing_entity_id = billing_entities.billing_entity_id and {{ known_at('billing_entities', 'settlement_queue.issued_at') }}
    left join noted on issued_invoices.invoice_id = noted.invoice_id
    left join paid on settlement_queue.invoice_id = paid.invoice_void_id
)

select * from final
