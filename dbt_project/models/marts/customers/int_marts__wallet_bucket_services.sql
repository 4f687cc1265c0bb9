with buckets as (
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

recurring_transaction_rules as (
    select * from {{ ref('stg_catalog__recurring_transaction_rules') }} where rule_trigger = 'threshold' and status = 'active'
),

-- A wallet that tops itself up pays all that it may (invoicing, section 9.3).
swallowing as (
    select distinct recurring_transaction_rules.wallet_id as swallowing_id
    from recurring_transaction_rules
    inner join horizons
        on recurring_transaction_rules.customer_id = horizons.customer_id and {{ known_at('recurring_transaction_rules', 'horizons.as_of') }}
    where recurring_transaction_rules.expiration_at is null or recurring_transaction_rules.expiration_at > horizons.as_of
),

wallets as (
    select
        wallet_id, customer_id, currency,
        case when swallowing.swallowing_id is null then balance_cents else {{ swallowed() }} end as capacity_cents,
        cast(row_number() over (partition by customer_id, currency order by priority, created_at, wallet_id) as bigint) as wallet_rank
    from wallet_balances
    left join swallowing on wallet_balances.wallet_id = swallowing.swallowing_id
),

targets as (
    select wallets.customer_id, wallets.currency, wallets.wallet_id, wallet_targets.fee_type, wallet_targets.billable_metric_id
    from wallets
    inner join horizons on wallets.customer_id = horizons.customer_id
    inner join wallet_targets on wallets.wallet_id = wallet_targets.wallet_id and {{ known_at('wallet_targets', 'horizons.as_of') }}
),

services as (
    {{ bucket_services(['customer_id', 'currency']) }}
),

final as (
    select customer_id, currency, wallet_id, capacity_cents, bucket_position, payable_cents, wallet_rank
    from services
)

select * from final
