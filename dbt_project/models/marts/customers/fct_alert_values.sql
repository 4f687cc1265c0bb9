with alerts as (
    select * from {{ ref('stg_catalog__alerts') }} where valid_to is null
),

alert_checks as (
    select * from {{ ref('int_billing__alert_checks') }}
),

wallet_balances as (
    select * from {{ ref('fct_wallet_balances') }}
),

ongoing_balances as (
    select * from {{ ref('fct_wallet_ongoing_balances') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

ranked as (
    select
        alerts.alert_id, alerts.customer_id, alerts.alert_type, alert_checks.checked_at, alert_checks.value,
        row_number() over (partition by alerts.alert_id order by alert_checks.checked_at desc) as look_rank
    from alerts
    inner join alert_checks on alerts.alert_id = alert_checks.alert_id
),

-- A wallet is looked at when the run looks.
of_wallets as (
    select
        alerts.alert_id, alerts.customer_id, alerts.alert_type, horizons.as_of as checked_at,
        case alerts.alert_type
            when 'wallet_balance_amount' then {{ quantity('wallet_balances.balance_cents') }}
            when 'wallet_credits_balance' then {{ quantity('wallet_balances.balance_credits') }}
            when 'wallet_ongoing_balance_amount' then {{ quantity('ongoing_balances.ongoing_balance_cents') }}
            else {{ quantity('ongoing_balances.credits_ongoing_balance') }}
        end as value
    from alerts
    inner join wallet_balances on alerts.wallet_id = wallet_balances.wallet_id
    inner join ongoing_balances on alerts.wallet_id = ongoing_balances.wallet_id
    inner join horizons on alerts.customer_id = horizons.customer_id
),

final as (
    select alert_id, customer_id, alert_type, checked_at, value
    from ranked
    where look_rank = 1
    union all
    select alert_id, customer_id, alert_type, checked_at, value
    from of_wallets
)

select * from final
