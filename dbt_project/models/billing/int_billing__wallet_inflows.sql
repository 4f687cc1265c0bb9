with wallet_transactions as (
    select * from {{ ref('stg_catalog__wallet_transactions') }} where transaction_type = 'inbound'
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

created as (
    select
        wallet_transaction_id, wallet_id, transaction_status, credit_amount, priority,
        min(valid_from) as requested_at,
        min(sequence) as creation_sequence,
        min(case when status = 'settled' then valid_from end) as settled_at,
        min(case when status = 'settled' then sequence end) as settled_sequence
    from wallet_transactions
    group by wallet_transaction_id, wallet_id, transaction_status, credit_amount, priority
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
        credits, requested_at, settled_at, settled_sequence, creation_sequence,
        {{ round_money(times('credits', 'rate_amount'), 'minor_units') }} as amount_cents
    from valued
)

select * from final
