with waiting as (
    select * from {{ ref('int_billing__settlement_waiting') }}
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

-- What an invoice's next note gives depends on its earlier ones, and what a refund or an offset takes on what the invoice left to pay.
-- A void, of a note or of an invoice, is settled alone: what it takes depends on all before it, and all after it on what it took.
barred as (
    select customer_id, min(case when destination = 'void' and queue_position = 1 then 2 else queue_position end) as barred_from
    from (
        select
            waiting.customer_id, waiting.queue_position, waiting.destination, credited.invoice_id as waiting_invoice_id,
            row_number() over (partition by waiting.credited_invoice_id order by waiting.queue_position) as note_rank
        from waiting
        left join waiting as credited on waiting.credited_invoice_id = credited.invoice_id
        where waiting.credited_invoice_id is not null
    ) as notes
    where note_rank > 1 or destination = 'void' or (destination <> 'credit' and waiting_invoice_id is not null)
    group by customer_id
),

stopped as (
    select queue_stops.customer_id, min(queue_stops.stops_at) as stops_at
    from queue_stops
    inner join waiting on queue_stops.customer_id = waiting.customer_id and waiting.queue_position = 1 and queue_stops.stops_at > waiting.issued_at
    group by queue_stops.customer_id
),

-- What credits a progressive invoice depends on the coupons of that one and on its notes, so it waits for the next pass.
crediting as (
    select waiting.customer_id, min(waiting.queue_position) as crediting_position
    from progressive_bills
    inner join waiting on progressive_bills.invoice_id = waiting.invoice_id
    inner join waiting as credited
        on progressive_bills.credited_invoice_id = coalesce(credited.credited_invoice_id, credited.invoice_id) and credited.queue_position < waiting.queue_position
    group by waiting.customer_id
),

final as (
    select
        waiting.invoice_id, waiting.invoice_type, waiting.customer_id, waiting.billing_entity_id, waiting.currency, waiting.invoicing_reason,
        waiting.ready_at, waiting.issued_at, waiting.creation_sequence, waiting.queue_position, waiting.fees_amount_cents
    from waiting
    inner join control on waiting.queue_position <= control.prefix_limit
    left join stopped on waiting.customer_id = stopped.customer_id
    left join barred on waiting.customer_id = barred.customer_id
    left join crediting on waiting.customer_id = crediting.customer_id
    where (stopped.stops_at is null or waiting.issued_at < stopped.stops_at)
        and (barred.barred_from is null or waiting.queue_position < barred.barred_from)
        and (crediting.crediting_position is null or waiting.queue_position < crediting.crediting_position)
)

select * from final
