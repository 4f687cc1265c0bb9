with uninvoiced_buckets as (
    select * from {{ ref('int_ledger__uninvoiced_buckets') }}
),

wallet_balances as (
    select * from {{ ref('fct_wallet_balances') }} where status = 'active'
),

wallet_targets as (
    select * from {{ ref('stg_catalog__wallet_targets') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

wallets as (
    select
        wallet_id, customer_id, currency, balance_cents,
        row_number() over (partition by customer_id, currency order by priority, created_at, wallet_id) as wallet_rank
    from wallet_balances
),

targets as (
    select wallets.wallet_id, wallet_targets.fee_type, wallet_targets.billable_metric_id
    from wallets
    inner join horizons on wallets.customer_id = horizons.customer_id
    inner join wallet_targets on wallets.wallet_id = wallet_targets.wallet_id and {{ known_at('wallet_targets', 'horizons.as_of') }}
),

-- The same limits as when an invoice is paid: none, a listed fee type, or a listed metric.
served as (
    select wallets.wallet_id, uninvoiced_buckets.bucket_position
    from wallets
    inner join uninvoiced_buckets on wallets.customer_id = uninvoiced_buckets.customer_id and wallets.currency = uninvoiced_buckets.currency
    left join (select distinct wallet_id from targets) as limited on wallets.wallet_id = limited.wallet_id
    where limited.wallet_id is null
    union
    select wallets.wallet_id, uninvoiced_buckets.bucket_position
    from wallets
    inner join uninvoiced_buckets on wallets.customer_id = uninvoiced_buckets.customer_id and wallets.currency = uninvoiced_buckets.currency
    inner join targets on wallets.wallet_id = targets.wallet_id and uninvoiced_buckets.fee_type = targets.fee_type
    union
    select wallets.wallet_id, uninvoiced_buckets.bucket_position
    from wallets
    inner join uninvoiced_buckets on wallets.customer_id = uninvoiced_buckets.customer_id and wallets.currency = uninvoiced_buckets.currency
    inner join targets on wallets.wallet_id = targets.wallet_id and uninvoiced_buckets.billable_metric_id = targets.billable_metric_id
),

final as (
    select
        wallets.customer_id, wallets.currency, wallets.wallet_id, wallets.balance_cents, served.bucket_position, uninvoiced_buckets.payable_cents,
        cast(wallets.wallet_rank as bigint) as wallet_rank
    from served
    inner join wallets on served.wallet_id = wallets.wallet_id
    inner join uninvoiced_buckets
        on wallets.customer_id = uninvoiced_buckets.customer_id and wallets.currency = uninvoiced_buckets.currency
        and served.bucket_position = uninvoiced_buckets.bucket_position
)

select * from final
