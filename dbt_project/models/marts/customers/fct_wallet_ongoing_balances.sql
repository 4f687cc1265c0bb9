with wallet_balances as (
    select * from {{ ref('fct_wallet_balances') }}
),

services as (
    select * from {{ ref('int_marts__wallet_bucket_services') }}
),

rank_usage as (
    select * from {{ ref('int_marts__wallet_rank_usage') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

ranked as (
    select distinct wallet_id, wallet_rank from services
),

owed as (
    select
        wallet_balances.wallet_id, wallet_balances.customer_id, wallet_balances.currency, wallet_balances.rate_amount,
        wallet_balances.balance_cents, wallet_balances.balance_credits, currencies.minor_unit_amount,
        {{ usage_of_rank('ranked.wallet_rank') }} as usage_cents
    from wallet_balances
    inner join currencies on wallet_balances.currency = currencies.currency
    left join ranked on wallet_balances.wallet_id = ranked.wallet_id
    left join rank_usage on wallet_balances.customer_id = rank_usage.customer_id and wallet_balances.currency = rank_usage.currency
),

valued as (
    select
        *,
        {{ credits_of('usage_cents') }} as usage_credits
    from owed
),

final as (
    select
        wallet_id, customer_id, currency,
        {{ cents('usage_cents') }} as ongoing_usage_balance_cents,
        {{ cents('balance_cents - usage_cents') }} as ongoing_balance_cents,
        usage_credits as credits_ongoing_usage_balance,
        {{ share('balance_credits - usage_credits') }} as credits_ongoing_balance
    from valued
)

select * from final
