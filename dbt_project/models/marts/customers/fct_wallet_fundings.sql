with wallet_consumptions as (
    select * from {{ ref('fct_wallet_consumptions') }}
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }} where valid_to is null
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

summed as (
    select
        wallet_transaction_id, outbound_transaction_id, wallet_id, customer_id,
        min(consumed_at) as consumed_at,
        {{ cents('sum(amount_cents)') }} as amount_cents
    from wallet_consumptions
    group by wallet_transaction_id, outbound_transaction_id, wallet_id, customer_id
),

final as (
    select
        {{ deterministic_id(['summed.wallet_transaction_id', 'summed.outbound_transaction_id']) }} as wallet_funding_id,
        summed.wallet_transaction_id, summed.outbound_transaction_id, summed.wallet_id, summed.customer_id, summed.consumed_at, summed.amount_cents,
        {{ unit_price(working('cast(summed.amount_cents as decimal(38, 0)) * currencies.minor_unit_amount'), 'wallets.rate_amount', 5) }} as credit_amount
    from summed
    inner join wallets on summed.wallet_id = wallets.wallet_id
    inner join currencies on wallets.currency = currencies.currency
)

select * from final
