with postings as (
    select * from {{ ref('stg_books__postings') }}
),

payments as (
    select * from {{ ref('stg_catalog__payments') }} where valid_to is null
),

invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

-- A payment takes from what the customer owes and puts it into cash.
payment_legs as (
    select payment_id, invoice_id, paid_at, 'cash' as account, amount_cents from payments
    union all
    select payment_id, invoice_id, paid_at, 'receivables', -amount_cents from payments
),

final as (
    select
        posting_id as ledger_entry_id,
        transaction_id,
        case when invoice_id is null then 'fee' else 'invoice' end as source_type,
        invoice_id, customer_id, account, fee_id, currency, amount_cents, posted_at
    from postings
    union all
    select
        {{ deterministic_id(["'payment'", 'payment_legs.payment_id', 'payment_legs.account']) }} as ledger_entry_id,
        payment_legs.payment_id as transaction_id,
        'payment' as source_type,
        payment_legs.invoice_id,
        invoices.customer_id,
        payment_legs.account,
        cast(null as string) as fee_id,
        invoices.currency,
        payment_legs.amount_cents,
        payment_legs.paid_at as posted_at
    from payment_legs
    inner join invoices on payment_legs.invoice_id = invoices.invoice_id
)

select * from final
