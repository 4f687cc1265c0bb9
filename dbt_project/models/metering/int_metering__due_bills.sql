with terms as (
    select * from {{ ref('int_metering__subscription_terms') }}
),

expected_bills as (
    select * from {{ ref('int_metering__expected_bills') }}
),

due_moments as (
    select * from {{ ref('int_metering__due_moments') }}
),

timed as (
    select
        terms.*,
        expected_bills.period_index,
        expected_bills.invoicing_reason,
        expected_bills.ready_at,
        due_moments.due_at,
        expected_bills.fee_from_at,
        expected_bills.fee_to_at,
        expected_bills.fee_period_starts_on,
        expected_bills.fee_period_ends_on,
        expected_bills.ends_with_service,
        expected_bills.usage_from_at,
        expected_bills.usage_to_at,
        expected_bills.usage_period_days,
        expected_bills.renewed_to_at
    from expected_bills
    inner join terms on expected_bills.subscription_id = terms.subscription_id and expected_bills.known_from = terms.known_from
    inner join due_moments on expected_bills.subscription_id = due_moments.subscription_id and expected_bills.known_from = due_moments.known_from
        and expected_bills.period_index = due_moments.period_index and expected_bills.invoicing_reason = due_moments.invoicing_reason
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
        ) as later_due_at,
        case when invoicing_reason = 'periodic' then period_index + 1 else period_index end as opened_index,
        min(case when invoicing_reason = 'terminating' then due_at end) over (partition by subscription_id) as closed_at,
        min(case when invoicing_reason = 'terminating' then usage_from_at end) over (partition by subscription_id) as closed_from_at
    from ranked
    where epoch_rank = 1
),

-- The end of a trial on the day of a boundary is billed once: by the boundary's bill, unless the trial's fell due before it.
opened as (
    select
        *,
        min(case when invoicing_reason = 'trial' then due_at end) over (partition by subscription_id, opened_index) as trial_due_at,
        min(case when invoicing_reason = 'periodic' and pay_in_advance and fee_from_at is not null then due_at end) over (
            partition by subscription_id, opened_index
        ) as opened_due_at
    from chosen
),

-- A later time zone may find a period before the first one; once the first one was billed, that period is part of it,
-- also if the first one was the last. Nor is the last one billed again where it would now have ended before the service did.
-- Usage goes on where the bill before it ended, also where the time zone changed in between (invoicing, section 1).
continued as (
    select
        *,
        lag(usage_to_at) over (
            partition by subscription_id, case when usage_from_at is null then 0 else 1 end order by usage_to_at, due_at
        ) as previous_usage_to_at,
        coalesce(invoicing_reason = 'periodic' and pay_in_advance and trial_due_at < due_at, false) as is_opened_before
    from opened
    where (invoicing_reason = 'trial' and coalesce(opened_due_at > due_at, true))
        or invoicing_reason not in ('periodic', 'trial')
        or (invoicing_reason = 'periodic' and coalesce(later_due_at >= due_at, true) and coalesce(closed_at >= due_at or (closed_from_at > usage_from_at and not ({{ is_next_period('usage_from_at', 'closed_from_at') }})), true))
),

final as (
    select
        subscription_id, invoicing_reason, period_index, known_from, customer_id, billing_entity_id, currency,
        external_subscription_id, plan_id, plan_interval, plan_amount_cents, pay_in_advance, timezone, grace_days, creation_sequence, as_of,
        case when is_opened_before then null else fee_from_at end as fee_from_at,
        case when is_opened_before then null else fee_to_at end as fee_to_at,
        fee_period_starts_on, fee_period_ends_on, ends_with_service,
        case when {{ is_next_period('previous_usage_to_at', 'usage_from_at') }} then previous_usage_to_at else usage_from_at end as usage_from_at,
        usage_to_at, usage_period_days, renewed_to_at, ready_at, due_at
    from continued
)

select * from final
