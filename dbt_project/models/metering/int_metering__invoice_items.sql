with due_bills as (
    select * from {{ ref('int_metering__due_bills') }}
),

invoice_commands as (
    select * from {{ ref('stg_catalog__invoice_commands') }}
),

fixed_charge_bills as (
    select * from {{ ref('int_metering__fixed_charge_bills') }}
),

grouped as (
    select
        *,
        case
            when invoicing_reason = 'periodic'
                then {{ deterministic_id(["'periodic'", 'customer_id', 'billing_entity_id', 'currency', instant_text('ready_at')]) }}
            else {{ deterministic_id(['invoicing_reason', 'subscription_id']) }}
        end as invoice_id
    from due_bills
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
