with wallet_inflows as (
    select * from {{ ref('int_billing__wallet_inflows') }} where credit_class = 'purchased'
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

final as (
    select
        {{ deterministic_id(["'credit_fee'", 'wallet_inflows.wallet_transaction_id']) }} as fee_id,
        {{ deterministic_id(["'credit'", 'wallet_inflows.wallet_transaction_id']) }} as invoice_id,
        wallet_inflows.wallet_transaction_id,
        wallet_inflows.customer_id,
        wallet_inflows.currency,
        wallet_inflows.requested_at as horizon_at,
        wallet_inflows.creation_sequence,
        {{ quantity('wallet_inflows.credits') }} as units,
        {{ working('cast(wallet_inflows.amount_cents as decimal(38, 0)) * currencies.minor_unit_amount') }} as amount
    from wallet_inflows
    inner join currencies on wallet_inflows.currency = currencies.currency
)

select * from final
