with wallets as (
    select * from {{ ref('int_billing__top_up_wallets') }}
),

buckets as (
    select * from {{ ref('int_billing__checked_buckets') }}
),

wallet_targets as (
    select * from {{ ref('stg_catalog__wallet_targets') }}
),

targets as (
    select wallets.customer_id, wallets.currency, wallets.checked_at, wallets.wallet_id, wallet_targets.fee_type, wallet_targets.billable_metric_id
    from wallets
    inner join wallet_targets on wallets.wallet_id = wallet_targets.wallet_id and {{ known_at('wallet_targets', 'wallets.checked_at') }}
),

services as (
    {{ bucket_services(['customer_id', 'currency', 'checked_at']) }}
),

{{ rank_usage(['customer_id', 'currency', 'checked_at']) }},

-- Only a wallet that serves a bucket has a part of it, as for the balance that is shown.
served as (
    select distinct wallet_id, checked_at from services
),

owed as (
    select
        wallets.wallet_id, wallets.customer_id, wallets.checked_at, wallets.balance_credits, wallets.rate_amount, wallets.minor_unit_amount,
        case when served.wallet_id is null then 0 else {{ usage_of_rank('wallets.wallet_rank') }} end as usage_cents
    from wallets
    left join served on wallets.wallet_id = served.wallet_id and wallets.checked_at = served.checked_at
    left join rank_usage
        on wallets.customer_id = rank_usage.customer_id and wallets.currency = rank_usage.currency and wallets.checked_at = rank_usage.checked_at
),

final as (
    select
        wallet_id, customer_id, checked_at,
        {{ share('balance_credits - ' ~ credits_of('usage_cents')) }} as credits_ongoing_balance
    from owed
)

select * from final
