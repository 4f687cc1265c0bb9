with wallet_transactions as (
    select * from {{ ref('stg_catalog__wallet_transactions') }} where transaction_type = 'inbound'
),

wallet_top_ups as (
    select * from {{ ref('stg_books__wallet_top_ups') }}
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

recorded as (
    select
        wallet_transaction_id, wallet_id, transaction_status, credit_amount, priority, invoice_requires_successful_payment, top_up_source,
        min(valid_from) as requested_at,
        min(sequence) as creation_sequence,
        min(case when status = 'settled' then valid_from end) as settled_at,
        min(case when status = 'settled' then sequence end) as settled_sequence,
        min(case when status = 'failed' then valid_from end) as failed_at
    from wallet_transactions
    group by wallet_transaction_id, wallet_id, transaction_status, credit_amount, priority, invoice_requires_successful_payment, top_up_source
),

-- What a rule put in is in the books; of it the catalog knows what became of the payment. It comes after all else of its moment.
created as (
    select
        wallet_transaction_id, wallet_id, transaction_status, credit_amount, priority, invoice_requires_successful_payment, top_up_source,
        requested_at, creation_sequence, settled_at, settled_sequence, failed_at
    from recorded
    where top_up_source = 'manual'
    union all
    select
        wallet_top_ups.wallet_transaction_id, wallet_top_ups.wallet_id, wallet_top_ups.credit_class, {{ quantity('wallet_top_ups.credits') }}, wallet_top_ups.inbound_priority,
        wallet_top_ups.invoice_requires_successful_payment, wallet_top_ups.top_up_source, wallet_top_ups.topped_up_at, 4611686018427387904,
        case when wallet_top_ups.credit_class = 'granted' then wallet_top_ups.topped_up_at else recorded.settled_at end,
        case when wallet_top_ups.credit_class = 'granted' then 4611686018427387904 else recorded.settled_sequence end,
        recorded.failed_at
    from wallet_top_ups
    left join recorded on wallet_top_ups.wallet_transaction_id = recorded.wallet_transaction_id
),

-- Credits are floored at five decimals, then become money once (invoicing, section 4.5).
valued as (
    select
        created.*,
        wallets.customer_id,
        wallets.currency,
        {{ share('floor(created.credit_amount * 100000) * 0.00001') }} as credits,
        wallets.rate_amount,
        currencies.minor_units
    from created
    inner join wallets on created.wallet_id = wallets.wallet_id and {{ known_at('wallets', 'created.requested_at') }}
    inner join currencies on wallets.currency = currencies.currency
),

final as (
    select
        wallet_transaction_id, wallet_id, customer_id, currency,
        transaction_status as credit_class,
        priority as inbound_priority,
        credits, requested_at, settled_at, settled_sequence, failed_at, creation_sequence, invoice_requires_successful_payment, top_up_source,
        {{ round_money(times('credits', 'rate_amount'), 'minor_units') }} as amount_cents
    from valued
)

select * from final
