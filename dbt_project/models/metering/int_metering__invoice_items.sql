with terms as (
    select * from {{ ref('int_metering__subscription_terms') }}
),

expected_bills as (
    select * from {{ ref('int_metering__expected_bills') }}
),

invoice_commands as (
    select * from {{ ref('stg_catalog__invoice_commands') }}
),

timed as (
    select
        terms.*,
        expected_bills.period_index,
        expected_bills.invoicing_reason,
        expected_bills.ready_at,
        expected_bills.fee_from_at,
        expected_bills.fee_to_at,
        expected_bills.fee_period_starts_on,
        expected_bills.fee_period_ends_on,
        expected_bills.ends_with_service,
        expected_bills.usage_from_at,
        expected_bills.usage_to_at,
        case
            when {{ plus_24_hours('expected_bills.ready_at', 'terms.grace_days') }} > terms.known_from then {{ plus_24_hours('expected_bills.ready_at', 'terms.grace_days') }}
            else terms.known_from
        end as due_at
    from expected_bills
    inner join terms on expected_bills.subscription_id = terms.subscription_id and expected_bills.known_from = terms.known_from
    where expected_bills.ready_at <= terms.as_of
),

-- The first knowledge epoch in which the bill really falls due is the one that shapes it (settlement, section 2). A start and an
-- end are billed once, though a later time zone may place them in another period.
ranked as (
    select
        *,
        row_number() over (
            partition by subscription_id, invoicing_reason, case when invoicing_reason = 'periodic' then period_index else 0 end order by due_at, known_from
        ) as epoch_rank
    from timed
    where known_to is null or due_at < known_to
),

chosen as (
    select
        *,
        min(due_at) over (
            partition by subscription_id, invoicing_reason order by period_index rows between 1 following and unbounded following
        ) as later_due_at
    from ranked
    where epoch_rank = 1
),

-- A later time zone may find a period before the first one; once the first one was billed, that period is part of it.
-- Usage goes on where the bill before it ended, also where the time zone changed in between (invoicing, section 1).
continued as (
    select
        *,
        lag(usage_to_at) over (
            partition by subscription_id, case when usage_from_at is null then 0 else 1 end order by usage_to_at, due_at
        ) as previous_usage_to_at
    from chosen
    where invoicing_reason <> 'periodic' or later_due_at is null or later_due_at >= due_at
),

grouped as (
    select
        *,
        case
            when invoicing_reason = 'periodic'
                then {{ deterministic_id(["'periodic'", 'customer_id', 'billing_entity_id', 'currency', instant_text('ready_at')]) }}
            else {{ deterministic_id(['invoicing_reason', 'subscription_id']) }}
        end as invoice_id
    from continued
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

final as (
    select
        invoice_id, subscription_id, invoicing_reason, period_index, customer_id, billing_entity_id, currency,
        external_subscription_id, plan_id, plan_interval, plan_amount_cents, pay_in_advance, timezone, grace_days, creation_sequence, as_of,
        fee_from_at, fee_to_at, fee_period_starts_on, fee_period_ends_on, ends_with_service,
        case when {{ is_next_period('previous_usage_to_at', 'usage_from_at') }} then previous_usage_to_at else usage_from_at end as usage_from_at,
        usage_to_at, ready_at, issued_at,
        case when issued_at <= as_of then issued_at else as_of end as horizon_at,
        issued_at <= as_of as is_due
    from moments
)

select * from final
