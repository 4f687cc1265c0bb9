with due_bills as (
    select * from {{ ref('int_metering__due_bills') }}
),

invoice_commands as (
    select * from {{ ref('stg_catalog__invoice_commands') }} where command = 'finalize'
),

invoice_holds as (
    select * from {{ ref('int_metering__invoice_holds') }}
),

fixed_charge_bills as (
    select * from {{ ref('int_metering__fixed_charge_bills') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }} where previous_subscription_id is not null
),

predecessors as (
    select subscription_id, min(previous_subscription_id) as previous_subscription_id from subscriptions group by subscription_id
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

bounds as (
    select
        grouped.invoice_id, grouped.ready_at, grouped.as_of,
        max(grouped.due_at) as last_due_at, min(invoice_commands.valid_from) as finalized_at
    from grouped
    left join invoice_commands
        on grouped.invoice_id = invoice_commands.invoice_id and invoice_commands.valid_from >= grouped.ready_at and invoice_commands.valid_from <= grouped.as_of
    group by grouped.invoice_id, grouped.ready_at, grouped.as_of
),

-- What is on hold when it falls due is issued when it is released: until then its moment is after this run. What was finalized before is issued then.
ends as (
    select
        bounds.invoice_id, bounds.finalized_at,
        case
            when invoice_holds.invoice_id is null or bounds.last_due_at > bounds.as_of then bounds.last_due_at
            when invoice_holds.released_at <= bounds.as_of then invoice_holds.released_at
            else {{ from_epoch_microseconds(epoch_microseconds('bounds.as_of') ~ ' + 1') }}
        end as ends_at
    from bounds
    left join invoice_holds
        on bounds.invoice_id = invoice_holds.invoice_id and invoice_holds.held_at >= bounds.ready_at and invoice_holds.held_at <= bounds.last_due_at
        and bounds.last_due_at < coalesce(invoice_holds.released_at, timestamp '9999-12-31 00:00:00')
),

moments as (
    select grouped.*, case when ends.finalized_at < ends.ends_at then ends.finalized_at else ends.ends_at end as issued_at
    from grouped
    inner join ends on grouped.invoice_id = ends.invoice_id
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
