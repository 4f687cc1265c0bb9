with top_up_checks as (
    select * from {{ ref('int_billing__top_up_checks') }}
),

rules as (
    select * from {{ ref('stg_catalog__recurring_transaction_rules') }}
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

limited as (
    select
        top_up_checks.recurring_transaction_rule_id, top_up_checks.wallet_id, top_up_checks.customer_id, top_up_checks.checked_at, top_up_checks.is_declined,
        {{ share('top_up_checks.credits_ongoing_balance + top_up_checks.pending_credits') }} as reached_credits,
        rules.rule_trigger, rules.rule_method, rules.grants_target_top_up, rules.invoice_requires_successful_payment, rules.transaction_name,
        {{ share('rules.threshold_credits') }} as threshold_credits, {{ share('rules.paid_credits') }} as paid_credits,
        {{ share('rules.granted_credits') }} as granted_credits, {{ share('rules.target_ongoing_balance') }} as target_credits,
        wallets.rate_amount, currencies.minor_units,
        coalesce({{ unit_price(working('cast(wallets.paid_top_up_min_amount_cents as decimal(38, 0)) * currencies.minor_unit_amount'), 'wallets.rate_amount', 5) }}, 0) as least_credits,
        case when not rules.ignore_paid_top_up_limits
            then {{ unit_price(working('cast(wallets.paid_top_up_max_amount_cents as decimal(38, 0)) * currencies.minor_unit_amount'), 'wallets.rate_amount', 5) }} end as most_credits
    from top_up_checks
    inner join rules
        on top_up_checks.recurring_transaction_rule_id = rules.recurring_transaction_rule_id and {{ known_at('rules', 'top_up_checks.checked_at') }}
    inner join wallets on top_up_checks.wallet_id = wallets.wallet_id and {{ known_at('wallets', 'top_up_checks.checked_at') }}
    inner join currencies on wallets.currency = currencies.currency
),

-- The smallest multiple of what is sold that brings the balance above the threshold (invoicing, section 9.4).
measured as (
    select
        *,
        {{ share('target_credits - reached_credits') }} as gap_credits,
        case
            when rule_trigger = 'interval' or paid_credits = 0 or threshold_credits < reached_credits + granted_credits then 1
            else 1 + {{ div_down(scaled('threshold_credits - reached_credits - granted_credits', 5), scaled('paid_credits', 5)) }}
        end as steps
    from limited
    where rule_trigger = 'interval' or reached_credits <= threshold_credits
),

-- A fixed rule sells no more at a threshold than the wallet's maximum; a target sells no less than its minimum, and gives what it wants.
wished as (
    select
        *,
        case
            when rule_method = 'target' then case when grants_target_top_up or gap_credits <= 0 then 0 when gap_credits < least_credits then least_credits else gap_credits end
            when rule_trigger = 'threshold' and steps * paid_credits > most_credits then most_credits
            else steps * paid_credits
        end as wished_paid_credits,
        case
            when rule_method = 'fixed' then granted_credits
            when grants_target_top_up and gap_credits > 0 then gap_credits
            else 0
        end as wished_granted_credits
    from measured
),

-- What is worth less than half a minor unit is not sold; after a declined payment nothing is.
parts as (
    select wished.*, 'purchased' as credit_class, {{ share('wished_paid_credits') }} as credits
    from wished
    where {{ round_money(times(share('wished_paid_credits'), 'rate_amount'), 'minor_units') }} > 0 and not is_declined
    union all
    select wished.*, 'granted', {{ share('wished_granted_credits') }}
    from wished
    where wished_granted_credits > 0 and (wished_paid_credits = 0 or not is_declined)
),

firsts as (
    select customer_id, min(checked_at) as checked_at from parts group by customer_id
),

final as (
    select
        {{ deterministic_id(["'rule_top_up'", 'parts.recurring_transaction_rule_id', instant_text('parts.checked_at'), 'parts.credit_class']) }} as wallet_transaction_id,
        parts.wallet_id, parts.customer_id, parts.recurring_transaction_rule_id, parts.rule_trigger as top_up_source, parts.credit_class, parts.credits,
        cast(50 as bigint) as inbound_priority,
        parts.credit_class = 'purchased' and parts.invoice_requires_successful_payment as invoice_requires_successful_payment,
        parts.transaction_name,
        parts.checked_at as topped_up_at,
        control.sql_bundle_id
    from parts
    inner join firsts on parts.customer_id = firsts.customer_id and parts.checked_at = firsts.checked_at
    cross join control
)

select * from final
