with due_bills as (
    select * from {{ ref('int_metering__due_bills') }}
),

invoice_commands as (
    select * from {{ ref('stg_catalog__invoice_commands') }}
),

fixed_charge_bills as (
    select * from {{ ref('int_metering__fixed_charge_bills') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }} where previous_subscription_id is not null
),

predecessors as (
    select subscription_id, min(previous_subscription_id) as previous_subscription_id
    from subscriptions
    group by subscription_id
),

-- An upgrade makes one invoice: the end of the old plan and the start of the new one (invoicing, section 2.5).
followed as (
    select
        due_bills.*,
        case when due_bills.invoicing_reason = 'starting' then ended.subscription_id end as ended_subscription_id
    from due_bills
    left join predecessors on due_bills.subscription_id = predecessors.subscription_id
    left join due_bills as ended
        on predecessors.previous_subscription_id = ended.subscription_id and ended.invoicing_reason = 'terminating'
        and due_bills.ready_at = ended.ready_at and due_bills.currency = ended.currency and due_bills.billing_entity_id = ended.billing_entity_id
),

grouped as (
    select
        *,
        case
            when ended_subscription_id is not null then {{ deterministic_id(["'terminating'", 'ended_subscription_id']) }}
            when invoicing_reason = 'periodic'
                then {{ deterministic_id(["'periodic'", 'customer_id', 'billing_entity_id', 'currency', instant_text('ready_at')]) }}
            else {{ deterministic_id(['invoicing_reason', 'subscription_id']) }}
        end as invoice_id
    from followed
),

finalized as (
    select
        grouped.invoice_id,
        min(invoice_commands.valid_from) as finalized_at
    from invoice_commands
    inner join grouped on invoice_commands.invoice_id = grouped.invoice_id and invoice_commands.valid_from <= grouped.as_of
    where invoice_commands.command = 'finalize' and invoice_commands.valid_from >= grouped.ready_at
    group by grouped.invoice_id
),

moments as (
    select
        grouped.*,
        case
            when finalized.finalized_at < max(grouped.due_at) over (partition by grouped.invoice_id) then finalized.finalized_at
            else max(grouped.due_at) over (partition by grouped.invoice_id)
        end as issued_at
    from grouped
    left join finalized on grouped.invoice_id = finalized.invoice_id
),

-- A change of units in advance is a command: nothing is waited for, and what it adds is known at its instant.
final as (
    select
        invoice_id, subscription_id, invoicing_reason, period_index, known_from, customer_id, billing_entity_id, currency,
        external_subscription_id, plan_id, plan_interval, plan_amount_cents, pay_in_advance, timezone, grace_days, creation_sequence, as_of,
        fee_from_at, fee_to_at, fee_period_starts_on, fee_period_ends_on, ends_with_service, usage_from_at, usage_to_at, usage_period_days, renewed_to_at, ready_at, issued_at,
        case when issued_at <= as_of then issued_at else as_of end as horizon_at,
        issued_at <= as_of as is_due
    from moments
    union all
    select
        invoice_id, subscription_id, 'fixed_charge_change', period_index, known_from, customer_id, billing_entity_id, currency,
        external_subscription_id, plan_id, null, plan_amount_cents, pay_in_advance, timezone, 0, creation_sequence, as_of,
        null, null, null, null, false, null, null, null, null, ready_at, ready_at,
        ready_at, true
    from fixed_charge_bills
)

select * from final
