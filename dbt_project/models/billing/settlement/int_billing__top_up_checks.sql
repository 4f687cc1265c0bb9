with top_up_moments as (
    select * from {{ ref('int_billing__top_up_moments') }}
),

top_up_usage as (
    select * from {{ ref('int_billing__top_up_usage') }}
),

rules as (
    select * from {{ ref('stg_catalog__recurring_transaction_rules') }} where status = 'active'
),

wallet_inflows as (
    select * from {{ ref('int_billing__wallet_inflows') }} where credit_class = 'purchased'
),

-- A tick of an interval is of one rule; at any other, every threshold of the customer is looked at.
looked_at as (
    select
        rules.recurring_transaction_rule_id, rules.wallet_id, rules.customer_id, top_up_moments.checked_at,
        top_up_usage.credits_ongoing_balance
    from top_up_moments
    inner join rules
        on top_up_moments.customer_id = rules.customer_id and {{ known_at('rules', 'top_up_moments.checked_at') }}
        and (rules.expiration_at is null or rules.expiration_at > top_up_moments.checked_at)
        and case when rules.rule_trigger = 'threshold' then '' else rules.recurring_transaction_rule_id end = coalesce(top_up_moments.recurring_transaction_rule_id, '')
    inner join top_up_usage on rules.wallet_id = top_up_usage.wallet_id and top_up_moments.checked_at = top_up_usage.checked_at
),

-- What was bought and is not paid counts as if it were there; what was declined holds the next one back for an hour, unless one was paid since.
bought as (
    select
        looked_at.recurring_transaction_rule_id, looked_at.checked_at,
        sum(case when wallet_inflows.requested_at <= looked_at.checked_at
            and (wallet_inflows.settled_at is null or wallet_inflows.settled_at > looked_at.checked_at)
            and (wallet_inflows.failed_at is null or wallet_inflows.failed_at > looked_at.checked_at) then wallet_inflows.credits else 0 end) as pending_credits,
        max(case when wallet_inflows.top_up_source <> 'manual' and wallet_inflows.failed_at <= looked_at.checked_at then wallet_inflows.failed_at end) as failed_at,
        max(case when wallet_inflows.settled_at <= looked_at.checked_at then wallet_inflows.settled_at end) as settled_at
    from looked_at
    inner join wallet_inflows on looked_at.wallet_id = wallet_inflows.wallet_id
    group by looked_at.recurring_transaction_rule_id, looked_at.checked_at
),

final as (
    select
        looked_at.recurring_transaction_rule_id, looked_at.wallet_id, looked_at.customer_id, looked_at.checked_at, looked_at.credits_ongoing_balance,
        {{ share('coalesce(bought.pending_credits, 0)') }} as pending_credits,
        coalesce(
            {{ epoch_microseconds('bought.failed_at') }} + 3600000000 > {{ epoch_microseconds('looked_at.checked_at') }}
            and (bought.settled_at is null or bought.settled_at <= bought.failed_at),
            false
        ) as is_declined
    from looked_at
    left join bought
        on looked_at.recurring_transaction_rule_id = bought.recurring_transaction_rule_id and looked_at.checked_at = bought.checked_at
)

select * from final
