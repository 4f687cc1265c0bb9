with staged_invoices as (
    select * from {{ source('settlement', 'staged_invoices') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

customer_sequences as (
    select customer_id, billing_entity_id, max(customer_sequence) as last_sequence
    from issued_invoices
    group by customer_id, billing_entity_id
),

customer_clocks as (
    select customer_id, coalesce(max(test_clock_id), '') as clock
    from customers
    group by customer_id
),

-- Customers on a test clock live in another time, so they count in a sequence of their own.
entity_sequences as (
    select issued_invoices.billing_entity_id, customer_clocks.clock, max(issued_invoices.entity_sequence) as last_sequence
    from issued_invoices
    inner join customer_clocks on issued_invoices.customer_id = customer_clocks.customer_id
    group by issued_invoices.billing_entity_id, customer_clocks.clock
),

counted as (
    select
        staged_invoices.*,
        coalesce(customer_sequences.last_sequence, 0) + row_number() over (
            partition by staged_invoices.customer_id, staged_invoices.billing_entity_id, staged_invoices.status
            order by staged_invoices.issued_at, staged_invoices.creation_sequence, staged_invoices.invoicing_reason, staged_invoices.invoice_id
        ) as next_customer_sequence,
        coalesce(entity_sequences.last_sequence, 0) + row_number() over (
            partition by staged_invoices.billing_entity_id, coalesce(staged_invoices.test_clock_id, ''), staged_invoices.status
            order by staged_invoices.issued_at, staged_invoices.creation_sequence, staged_invoices.invoicing_reason, staged_invoices.invoice_id
        ) as next_entity_sequence,
        {{ local_date('staged_invoices.issued_at', 'staged_invoices.billing_entity_timezone') }} as entity_date
    from staged_invoices
    left join customer_sequences
        on staged_invoices.customer_id = customer_sequences.customer_id and staged_invoices.billing_entity_id = customer_sequences.billing_entity_id
    left join entity_sequences
        on staged_invoices.billing_entity_id = entity_sequences.billing_entity_id and coalesce(staged_invoices.test_clock_id, '') = entity_sequences.clock
),

-- A number may be longer than its three places, and is then printed whole.
final as (
    select
        invoice_id, customer_id, billing_entity_id, invoice_type, status, currency,
        case
            when status = 'closed' then null
            when document_numbering = 'per_billing_entity' and account_type <> 'partner'
                then document_number_prefix || '-' || cast(year(entity_date) * 100 + month(entity_date) as string) || '-' || {{ three_places('next_entity_sequence') }}
            else document_number_prefix || '-' || {{ three_places('sequential_id') }} || '-' || {{ three_places('next_customer_sequence') }}
        end as number,
        case when status <> 'closed' then cast(next_customer_sequence as bigint) end as customer_sequence,
        case when status <> 'closed' then cast(next_entity_sequence as bigint) end as entity_sequence,
        ready_at, issued_at, issuing_date, payment_due_date, net_payment_term,
        fees_amount_cents, progressive_billing_credit_amount_cents, coupons_amount_cents, sub_total_excluding_taxes_amount_cents, taxes_amount_cents, taxes_rate,
        sub_total_including_taxes_amount_cents, prepaid_credit_amount_cents, total_amount_cents,
        customer_name, customer_external_id, customer_address, customer_email, customer_tax_identification_number,
        billing_entity_name, billing_entity_address, billing_entity_tax_identification_number, timezone, sql_bundle_id, credit_notes_amount_cents
    from counted
)

select * from final
