with issued_invoices as (
    select * from {{ ref('stg_books__invoices') }} where status = 'finalized'
),

invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }} where emails_invoices and email is not null
),

customers as (
    select * from {{ ref('dim_customers') }} where email is not null
),

test_customers as (
    select distinct customer_id from {{ ref('stg_catalog__customers') }} where test_clock_id is not null
),

-- Whether an invoice goes out is what its seller had said when it was issued; where to, what the customer says now. What is void goes to nobody.
final as (
    select
        issued_invoices.invoice_id,
        issued_invoices.number,
        issued_invoices.customer_id,
        issued_invoices.issued_at,
        customers.email as recipient,
        billing_entities.email as sender,
        billing_entities.invoice_email_subject as subject_template,
        billing_entities.invoice_email_text as text_template
    from issued_invoices
    inner join billing_entities
        on issued_invoices.billing_entity_id = billing_entities.billing_entity_id
        and {{ known_at('billing_entities', 'issued_invoices.issued_at') }}
    inner join customers on issued_invoices.customer_id = customers.customer_id
    left join test_customers on issued_invoices.customer_id = test_customers.customer_id
    left join invoice_voids on issued_invoices.invoice_id = invoice_voids.invoice_id
    where test_customers.customer_id is null and invoice_voids.invoice_id is null
)

select * from final
