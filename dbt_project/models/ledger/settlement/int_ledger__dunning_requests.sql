with dunning_attempts as (
    select * from {{ ref('int_ledger__dunning_attempts') }}
),

overdue_spans as (
    select * from {{ ref('int_ledger__overdue_spans') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

overdue as (
    select
        dunning_attempts.customer_id, dunning_attempts.currency, dunning_attempts.dunning_campaign_id, dunning_attempts.attempt, dunning_attempts.requested_at,
        overdue_spans.billing_entity_id, overdue_spans.due_amount_cents
    from dunning_attempts
    inner join overdue_spans
        on dunning_attempts.customer_id = overdue_spans.customer_id and dunning_attempts.currency = overdue_spans.currency
        and overdue_spans.from_at <= dunning_attempts.requested_at
    where overdue_spans.to_at is null or dunning_attempts.requested_at < overdue_spans.to_at
),

-- One request per billing entity (invoicing, section 12).
summed as (
    select customer_id, billing_entity_id, dunning_campaign_id, currency, attempt, requested_at, sum(due_amount_cents) as amount_cents
    from overdue
    group by customer_id, billing_entity_id, dunning_campaign_id, currency, attempt, requested_at
),

final as (
    select
        {{ deterministic_id(["'dunning_request'", 'summed.dunning_campaign_id', 'summed.customer_id', 'summed.billing_entity_id', 'summed.currency', instant_text('summed.requested_at')]) }} as payment_request_id,
        summed.customer_id, summed.billing_entity_id, summed.dunning_campaign_id, summed.currency,
        {{ cents('summed.amount_cents') }} as amount_cents,
        {{ cents('summed.attempt') }} as attempt,
        summed.requested_at,
        control.sql_bundle_id
    from summed
    cross join control
)

select * from final
