with dunning_ticks as (
    select * from {{ ref('int_ledger__dunning_ticks') }}
),

dunning_terms as (
    select * from {{ ref('int_ledger__dunning_terms') }}
),

overdue_spans as (
    select * from {{ ref('int_ledger__overdue_spans') }}
),

payment_requests as (
    select * from {{ ref('stg_books__payment_requests') }}
),

dunning_resets as (
    select * from {{ ref('int_ledger__dunning_resets') }}
),

held_usage as (
    select * from {{ ref('int_billing__held_usage') }} where bill_state = 'due'
),

held as (select customer_id, min(horizon_at) as held_from_at from held_usage group by customer_id),

balances as (
    select dunning_ticks.customer_id, dunning_ticks.checked_at, overdue_spans.currency, sum(overdue_spans.due_amount_cents) as overdue_amount_cents
    from dunning_ticks
    inner join overdue_spans on dunning_ticks.customer_id = overdue_spans.customer_id and overdue_spans.from_at <= dunning_ticks.checked_at
    where overdue_spans.to_at is null or dunning_ticks.checked_at < overdue_spans.to_at
    group by dunning_ticks.customer_id, dunning_ticks.checked_at, overdue_spans.currency
),

-- Before a bill that is held back, all that was issued is known; after it, what the bill would have owed is not.
reached as (
    select
        balances.customer_id, balances.checked_at, balances.currency, dunning_terms.dunning_campaign_id, dunning_terms.max_attempts
    from balances
    inner join dunning_ticks on balances.customer_id = dunning_ticks.customer_id and balances.checked_at = dunning_ticks.checked_at
    inner join dunning_terms
        on balances.customer_id = dunning_terms.customer_id and balances.currency = dunning_terms.currency
        and dunning_terms.from_at <= balances.checked_at and balances.checked_at < dunning_terms.to_at
    left join held on balances.customer_id = held.customer_id
    where balances.overdue_amount_cents >= dunning_terms.threshold_amount_cents
        and (held.held_from_at is null or balances.checked_at < held.held_from_at)
        and (
            dunning_ticks.attempted_at is null
            or balances.checked_at > {{ plus_24_hours('dunning_ticks.attempted_at', 'dunning_terms.days_between_attempts') }}
        )
),

resets as (
    select reached.customer_id, reached.checked_at, reached.currency, max(dunning_resets.reset_at) as reset_at
    from reached
    inner join dunning_resets
        on reached.customer_id = dunning_resets.customer_id and reached.currency = dunning_resets.currency and dunning_resets.reset_at <= reached.checked_at
    group by reached.customer_id, reached.checked_at, reached.currency
),

counted as (
    select
        reached.customer_id, reached.checked_at, reached.currency, reached.dunning_campaign_id, reached.max_attempts,
        count(distinct payment_requests.requested_at) as earlier_attempts
    from reached
    left join resets on reached.customer_id = resets.customer_id and reached.checked_at = resets.checked_at and reached.currency = resets.currency
    left join payment_requests
        on reached.customer_id = payment_requests.customer_id and reached.currency = payment_requests.currency
        and reached.dunning_campaign_id = payment_requests.dunning_campaign_id
        and payment_requests.requested_at >= coalesce(resets.reset_at, timestamp '1970-01-01 00:00:00')
    group by reached.customer_id, reached.checked_at, reached.currency, reached.dunning_campaign_id, reached.max_attempts
),

due as (select * from counted where earlier_attempts < max_attempts),

firsts as (select customer_id, min(checked_at) as checked_at from due group by customer_id),

final as (
    select due.customer_id, due.currency, due.dunning_campaign_id, due.earlier_attempts + 1 as attempt, due.checked_at as requested_at
    from due
    inner join firsts on due.customer_id = firsts.customer_id and due.checked_at = firsts.checked_at
)

select * from final
