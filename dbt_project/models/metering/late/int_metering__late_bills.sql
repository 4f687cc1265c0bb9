with invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }}
),

terms as (
    select * from {{ ref('int_metering__subscription_terms') }}
),

bills as (
    select
        invoice_id, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due,
        min(creation_sequence) as creation_sequence
    from invoice_items
    group by invoice_id, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due
),

parties as (
    select customer_id, billing_entity_id, currency, min(issued_at) as billed_from_at
    from invoice_items
    where usage_from_at is not null
    group by customer_id, billing_entity_id, currency
),

others as (
    select
        bills.invoice_id as beside_invoice_id, bills.customer_id, parties.billing_entity_id, parties.currency,
        bills.ready_at, bills.issued_at, bills.horizon_at, bills.is_due, bills.creation_sequence
    from bills
    inner join parties on bills.customer_id = parties.customer_id and parties.billed_from_at < bills.issued_at
    where bills.billing_entity_id <> parties.billing_entity_id or bills.currency <> parties.currency
),

going_on as (
    select distinct others.beside_invoice_id, others.billing_entity_id, others.currency
    from others
    inner join terms
        on others.customer_id = terms.customer_id and others.billing_entity_id = terms.billing_entity_id and others.currency = terms.currency
        and terms.known_from <= others.horizon_at and others.horizon_at < coalesce(terms.known_to, timestamp '9999-12-31 00:00:00')
        and coalesce(terms.service_ends_at, timestamp '9999-12-31 00:00:00') > others.issued_at
),

-- What is no longer billed in a currency, or by a seller, is settled beside the customer's next bill, on an invoice of its own.
united as (
    select invoice_id, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due, creation_sequence, false as is_alone
    from bills
    union all
    select
        {{ deterministic_id(["'late_usage'", 'others.beside_invoice_id', 'others.billing_entity_id', 'others.currency']) }},
        others.customer_id, others.billing_entity_id, others.currency, others.ready_at, others.issued_at, others.horizon_at, others.is_due, others.creation_sequence, true
    from others
    left join going_on
        on others.beside_invoice_id = going_on.beside_invoice_id and others.billing_entity_id = going_on.billing_entity_id and others.currency = going_on.currency
    where going_on.beside_invoice_id is null
),

-- What a customer is billed in one currency by one seller follows each other; each bill settles what became known since the one before it.
final as (
    select
        invoice_id, customer_id, billing_entity_id, currency, ready_at, issued_at, horizon_at, is_due, creation_sequence, is_alone,
        lag(issued_at) over (partition by customer_id, billing_entity_id, currency order by issued_at, invoice_id) as previous_issued_at
    from united
)

select * from final
