with rules as (
    select * from {{ ref('stg_catalog__recurring_transaction_rules') }} where rule_trigger = 'threshold'
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

lifetimes as (
    select * from {{ ref('int_metering__lifetimes') }}
),

received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }}
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

wallet_transactions as (
    select * from {{ ref('stg_catalog__wallet_transactions') }}
),

invoice_voids as (
    select * from {{ ref('stg_catalog__invoice_voids') }}
),

credit_notes as (
    select * from {{ ref('stg_catalog__credit_notes') }}
),

watched as (
    select customer_id, min(valid_from) as watched_from
    from rules
    group by customer_id
),

owned as (
    select distinct wallets.wallet_id, wallets.customer_id
    from wallets
    inner join watched on wallets.customer_id = watched.customer_id
),

-- What may move an ongoing balance, or what watches it. A declined top-up is tried again after an hour (invoicing, section 9.4).
changes as (
    select customer_id, valid_from as changed_at from rules
    union
    select lifetimes.customer_id, received_events.known_at
    from lifetimes
    inner join watched on lifetimes.customer_id = watched.customer_id
    inner join received_events on lifetimes.external_subscription_id = received_events.external_subscription_id
    union
    select customer_id, usage_from_at from service_periods
    union
    select customer_id, issued_at from invoice_items
    union
    select customer_id, valid_from from wallets
    union
    select owned.customer_id, wallet_transactions.valid_from
    from owned
    inner join wallet_transactions on owned.wallet_id = wallet_transactions.wallet_id
    union
    select owned.customer_id, {{ from_epoch_microseconds(epoch_microseconds('wallet_transactions.valid_from') ~ ' + 3600000000') }}
    from owned
    inner join wallet_transactions on owned.wallet_id = wallet_transactions.wallet_id and wallet_transactions.status = 'failed'
    union
    select customer_id, valid_from from credit_notes
    union
    select customer_id, valid_from from invoice_voids
),

-- Nothing is watched before somebody asked for it.
final as (
    select distinct
        changes.customer_id, horizons.as_of,
        case when changes.changed_at < watched.watched_from then watched.watched_from else changes.changed_at end as changed_at
    from changes
    inner join watched on changes.customer_id = watched.customer_id
    inner join horizons on changes.customer_id = horizons.customer_id and changes.changed_at <= horizons.as_of
    where watched.watched_from <= horizons.as_of
)

select * from final
