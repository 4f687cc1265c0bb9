with wallet_transactions as (
    select * from {{ ref('stg_catalog__wallet_transactions') }} where transaction_status = 'voided'
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

created as (
    select wallet_transaction_id, wallet_id, credit_amount, min(valid_from) as voided_at, min(sequence) as creation_sequence
    from wallet_transactions
    group by wallet_transaction_id, wallet_id, credit_amount
),

-- Credits are floored at five decimals; what they are worth is rounded, and the credits stay as they are (invoicing, section 9.5).
valued as (
    select
        created.*,
        wallets.customer_id, wallets.currency, wallets.rate_amount,
        currencies.minor_units,
        {{ share('floor(created.credit_amount * 100000) * 0.00001') }} as credits
    from created
    inner join wallets on created.wallet_id = wallets.wallet_id and {{ known_at('wallets', 'created.voided_at') }}
    inner join currencies on wallets.currency = currencies.currency
),

final as (
    select
        wallet_transaction_id, wallet_id, customer_id, currency, credits, voided_at, creation_sequence,
        {{ round_money(times('credits', 'rate_amount'), 'minor_units') }} as amount_cents
    from valued
)

select * from final
