with postings as (
    select * from {{ ref('stg_books__postings') }}
),

credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

credit_note_voids as (
    select * from {{ ref('stg_books__credit_note_voids') }}
),

invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

payments as (
    select * from {{ ref('stg_catalog__payments') }} where valid_to is null
),

invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

fee_payment_legs as (
    select * from {{ ref('int_ledger__fee_payment_legs') }}
),

void_uses as (
    select * from {{ ref('int_billing__wallet_void_uses') }} where credit_class = 'purchased'
),

wallet_voids as (
    select * from {{ ref('int_billing__wallet_voids') }} where credit_note_id is null
),

-- Bought credits that are taken out are owed no more; for those that a note paid back, the note says so. Granted ones were never posted: they are an expense when they pay.
voided as (
    select wallet_transaction_id, {{ cents('sum(amount_cents)') }} as amount_cents
    from void_uses
    group by wallet_transaction_id
),

void_legs as (
    select wallet_transaction_id, 'prepaid_credits' as account, amount_cents from voided
    union all
    select wallet_transaction_id, 'voided_credits', -amount_cents from voided
),

-- A payment takes from what the customer owes and puts it into cash.
payment_legs as (
    select payment_id, invoice_id, paid_at, 'cash' as account, amount_cents from payments
    union all
    select payment_id, invoice_id, paid_at, 'receivables', -amount_cents from payments
),

final as (
    select
        postings.posting_id as ledger_entry_id,
        postings.transaction_id,
        case
            when postings.invoice_id is not null then 'invoice'
            when credit_notes.credit_note_id is not null then 'credit_note'
            when credit_note_voids.credit_note_void_id is not null then 'credit_note_void'
            when invoice_voids.invoice_void_id is not null then 'invoice_void'
            else 'fee'
        end as source_type,
        coalesce(postings.invoice_id, credit_notes.invoice_id, credit_note_voids.invoice_id, invoice_voids.invoice_id) as invoice_id,
        postings.customer_id, postings.account, postings.fee_id, postings.currency, postings.amount_cents, postings.posted_at
    from postings
    left join credit_notes on postings.transaction_id = credit_notes.credit_note_id
    left join credit_note_voids on postings.transaction_id = credit_note_voids.credit_note_void_id
    left join invoice_voids on postings.transaction_id = invoice_voids.invoice_void_id
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
    union all
    select ledger_entry_id, transaction_id, 'fee_payment', null, customer_id, account, fee_id, currency, amount_cents, posted_at
    from fee_payment_legs
    union all
    select
        {{ deterministic_id(["'wallet_void'", 'void_legs.wallet_transaction_id', 'void_legs.account']) }},
        void_legs.wallet_transaction_id, 'wallet_void', null, wallet_voids.customer_id, void_legs.account, null, wallet_voids.currency,
        void_legs.amount_cents, wallet_voids.voided_at
    from void_legs
    inner join wallet_voids on void_legs.wallet_transaction_id = wallet_voids.wallet_transaction_id
)

select * from final
