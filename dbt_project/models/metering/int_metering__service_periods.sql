{%- set first_of_plan_period = 'whole_numbers.n - whole_numbers.n % counted.periods_per_plan_period' %}
with terms as (
    select * from {{ ref('int_metering__subscription_terms') }}
),

whole_numbers as (
    {{ whole_numbers(3000) }}
),

anchored as (
    select
        *,
        case
            when billing_time = 'anniversary' then {{ local_date('subscription_at', 'timezone') }}
            else {{ calendar_start('started_on', 'plan_interval') }}
        end as anchor_on,
        case
            when service_ends_at < as_of then {{ local_date('service_ends_at', 'timezone') }}
            else {{ local_date('as_of', 'timezone') }}
        end as last_on,
        {{ local_date('trial_ends_at', 'timezone') }} as trial_ends_on,
        case when bill_charges_monthly then 1 else interval_months end as billing_months,
        case when bill_charges_monthly then interval_months else 1 end as periods_per_plan_period
    from terms
),

-- Calendar periods are numbered from a fixed day, so that a period keeps its number when another time zone moves the first one.
-- Anniversaries are numbered from their anchor, which a time zone moves by a day at most.
counted as (
    select
        *,
        case
            when billing_time = 'anniversary' then 0
            when plan_interval = 'weekly' then {{ div_round(days_between("cast('1900-01-01' as date)", 'anchor_on'), 7) }}
            else {{ div_round('(year(anchor_on) * 12 + month(anchor_on) - 1)', 'billing_months') }}
        end as anchor_index,
        case
            when plan_interval = 'weekly' then {{ days_between('anchor_on', 'last_on') }} / 7
            else ((year(last_on) - year(anchor_on)) * 12 + month(last_on) - month(anchor_on)) / billing_months
        end as periods_at_most
    from anchored
),

numbered as (
    select
        counted.*,
        cast(counted.anchor_index + whole_numbers.n as bigint) as period_index,
        {{ period_start('counted', 'whole_numbers.n') }} as period_starts_on,
        {{ period_start('counted', 'whole_numbers.n + 1') }} as period_ends_on,
        {{ period_start('counted', 'whole_numbers.n + 2') }} as next_period_ends_on,
        {{ period_start('counted', first_of_plan_period) }} as plan_period_starts_on,
        {{ period_start('counted', first_of_plan_period ~ ' + counted.periods_per_plan_period') }} as plan_period_ends_on,
        {{ period_start('counted', first_of_plan_period ~ ' + 2 * counted.periods_per_plan_period') }} as next_plan_period_ends_on
    from counted
    inner join whole_numbers on whole_numbers.n <= counted.periods_at_most
),

-- The fee of a plan's period begins with the service, and not before the day on which the trial ends.
dated as (
    select
        *,
        case
            when trial_ends_on >= plan_period_ends_on then null
            when trial_ends_on > plan_period_starts_on and trial_ends_on > started_on then trial_ends_on
            when plan_period_starts_on <= started_on then started_on
            else plan_period_starts_on
        end as fee_starts_on
    from numbered
),

final as (
    select
        subscription_id, customer_id, as_of, known_from, known_to,
        external_subscription_id, plan_id, billing_entity_id, currency, timezone, test_clock_id, grace_days,
        plan_amount_cents, pay_in_advance, started_at, started_on, created_at, creation_sequence,
        terminated_at, downgrade_at, service_ends_at, on_termination_invoice, billing_starts_at, trial_ends_at,
        period_index, period_starts_on, period_ends_on, next_period_ends_on, plan_period_starts_on, plan_period_ends_on, next_plan_period_ends_on,
        period_ends_on = plan_period_ends_on as closes_plan_period, bill_fixed_charges_monthly,
        {{ days_between('period_starts_on', 'period_ends_on') }} as period_days,
        {{ days_between('plan_period_starts_on', 'plan_period_ends_on') }} as plan_period_days,
        period_starts_on <= started_on as is_first_period,
        {{ utc_time('period_starts_on', 'timezone') }} as period_starts_at,
        {{ utc_time('period_ends_on', 'timezone') }} as period_ends_at,
        {{ utc_time('next_period_ends_on', 'timezone') }} as next_period_ends_at,
        {{ utc_time('plan_period_ends_on', 'timezone') }} as plan_period_ends_at,
        {{ utc_time('next_plan_period_ends_on', 'timezone') }} as next_plan_period_ends_at,
        {{ utc_time('fee_starts_on', 'timezone') }} as fee_from_at,
        case when period_starts_on <= started_on then started_at else {{ utc_time('period_starts_on', 'timezone') }} end as usage_from_at,
        case when plan_period_starts_on <= started_on then started_at else {{ utc_time('plan_period_starts_on', 'timezone') }} end as plan_usage_from_at
    from dated
    where period_starts_on <= last_on and period_ends_on > started_on
)

select * from final
