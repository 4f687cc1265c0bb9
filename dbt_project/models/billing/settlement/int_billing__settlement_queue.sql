with draft_invoices as (
    select * from {{ ref('int_billing__draft_invoices') }} where is_due
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

issued_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

-- What is settled on its own: an invoice, or a fee that is not invoiced.
issued_documents as (
    select invoice_id from issued_invoices
    union all
    select fee_id from issued_fees
),

-- A bill with usage out of the domain waits, and so does what comes after it: it depends on what the bill takes of coupons, wallets and numbers.
held as (
    select customer_id, min(horizon_at) as held_from_at
    from {{ ref('int_billing__held_usage') }}
    where bill_state = 'due'
    group by customer_id
),

queue_stops as (
    select * from {{ ref('int_billing__queue_stops') }}
),

progressive_bills as (
    select * from {{ ref('int_billing__progressive_bills') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

waiting as (
    select
        draft_invoices.*,
        row_number() over (
            partition by draft_invoices.customer_id
            order by draft_invoices.issued_at, draft_invoices.creation_sequence, draft_invoices.invoicing_reason, draft_invoices.invoice_id
        ) as queue_position
    from draft_invoices
    left join issued_documents on draft_invoices.invoice_id = issued_documents.invoice_id
    left join held on draft_invoices.customer_id = held.customer_id
    where issued_documents.invoice_id is null and (held.held_from_at is null or draft_invoices.issued_at < held.held_from_at)
),

stopped as (
    select queue_stops.customer_id, min(queue_stops.stops_at) as stops_at
    from queue_stops
    inner join waiting on queue_stops.customer_id = waiting.customer_id and waiting.queue_position = 1 and queue_stops.stops_at > waiting.issued_at
    group by queue_stops.customer_id
),

-- What credits a progressive invoice depends on the coupons of that one, so it waits for the next pass.
crediting as (
    select waiting.customer_id, min(waiting.queue_position) as crediting_position
    from progressive_bills
    inner join waiting on progressive_bills.invoice_id = waiting.invoice_id
    inner join waiting as credited
        on progressive_bills.credited_invoice_id = credited.invoice_id and credited.queue_position < waiting.queue_position
    group by waiting.customer_id
),

final as (
    select
        waiting.invoice_id, waiting.invoice_type, waiting.customer_id, waiting.billing_entity_id, waiting.currency, waiting.invoicing_reason,
        waiting.ready_at, waiting.issued_at, waiting.creation_sequence, waiting.queue_position, waiting.fees_amount_cents
    from waiting
    inner join control on waiting.queue_position <= control.prefix_limit
    left join stopped on waiting.customer_id = stopped.customer_id
    left join crediting on waiting.customer_id = crediting.customer_id
    where (stopped.stops_at is null or waiting.issued_at < stopped.stops_at)
        and (crediting.crediting_position is null or waiting.queue_position < crediting.crediting_position)
)

select * from final
