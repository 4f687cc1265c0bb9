with payment_requests as (
    select * from {{ ref('stg_books__payment_requests') }}
),

requested_invoices as (
    select * from {{ ref('stg_books__payment_request_invoices') }}
),

overdue_spans as (
    select * from {{ ref('int_ledger__overdue_spans') }} where is_paid_off
),

-- What a campaign asked for and was paid resets the count of its currency (invoicing, section 12).
final as (
    select distinct payment_requests.customer_id, payment_requests.currency, overdue_spans.to_at as reset_at
    from payment_requests
    inner join requested_invoices on payment_requests.payment_request_id = requested_invoices.payment_request_id
    inner join overdue_spans
        on requested_invoices.invoice_id = overdue_spans.invoice_id and payment_requests.requested_at < overdue_spans.to_at
)

select * from final
