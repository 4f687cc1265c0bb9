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

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
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

prioritised as (
    select customer_id, valid_from, priority, lag(priority) over (partition by wallet_id order by sequence) as last_priority
    from wallets
),

-- A wallet that changes its place among the customer's wallets changes the order of ranks: what comes after waits for the next pass.
reordered as (
    select prioritised.customer_id, min(prioritised.valid_from) as reordered_at
    from prioritised
    inner join waiting on prioritised.customer_id = waiting.customer_id and waiting.queue_position = 1 and prioritised.valid_from > waiting.issued_at
    where prioritised.priority <> prioritised.last_priority
    group by prioritised.customer_id
),

final as (
    select
        waiting.invoice_id, waiting.invoice_type, waiting.customer_id, waiting.billing_entity_id, waiting.currency, waiting.invoicing_reason,
        waiting.ready_at, waiting.issued_at, waiting.creation_sequence, waiting.queue_position, waiting.fees_amount_cents
    from waiting
    inner join control on waiting.queue_position <= control.prefix_limit
    left join reordered on waiting.customer_id = reordered.customer_id
    where reordered.reordered_at is null or waiting.issued_at < reordered.reordered_at
)

select * from final
