with dunning_requests as (
    select * from {{ ref('int_ledger__dunning_requests') }}
),

overdue_spans as (
    select * from {{ ref('int_ledger__overdue_spans') }}
),

final as (
    select dunning_requests.payment_request_id, dunning_requests.customer_id, overdue_spans.invoice_id, overdue_spans.due_amount_cents as amount_cents, dunning_requests.requested_at
    from dunning_requests
    inner join overdue_spans
        on dunning_requests.customer_id = overdue_spans.customer_id and dunning_requests.billing_entity_id = overdue_spans.billing_entity_id
        and dunning_requests.currency = overdue_spans.currency and overdue_spans.from_at <= dunning_requests.requested_at
    where overdue_spans.to_at is null or dunning_requests.requested_at < overdue_spans.to_at
)

select * from final
