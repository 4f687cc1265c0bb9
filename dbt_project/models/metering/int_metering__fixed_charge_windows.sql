with unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

taken_over_items as (
    select * from {{ ref('int_metering__taken_over_items') }}
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

fixed_charge_bills as (
    select * from {{ ref('int_metering__fixed_charge_bills') }}
),

-- A closing bill without a period of its own belongs to the period before (see expected bills). What another plan takes over was paid before.
placed as (
    select
        invoice_id, invoicing_reason, subscription_id, known_from, customer_id, external_subscription_id, plan_id, currency, timezone, horizon_at,
        ends_with_service, usage_to_at, cast(null as string) as taken_over_by, cast(null as timestamp) as taken_over_at,
        case when invoicing_reason = 'terminating' and not ends_with_service then period_index - 1 else period_index end as billed_index,
        case when is_due then 'due' else 'draft' end as window_state
    from unissued_items
    union all
    select
        invoice_id, invoicing_reason, subscription_id, known_from, customer_id, external_subscription_id, plan_id, currency, timezone, horizon_at,
        false, null, taken_over_by, taken_over_at, period_index, 'paid'
    from taken_over_items
),

periods as (
    select
        placed.invoice_id, placed.invoicing_reason, placed.subscription_id, placed.customer_id, placed.external_subscription_id, placed.plan_id,
        placed.currency, placed.timezone, placed.window_state, placed.horizon_at, placed.ends_with_service, placed.taken_over_by, placed.taken_over_at,
        case when placed.ends_with_service then placed.usage_to_at else service_periods.period_ends_at end as service_closed_at,
        case when service_periods.bill_fixed_charges_monthly then service_periods.usage_from_at else service_periods.plan_usage_from_at end as starts_at,
        case when service_periods.bill_fixed_charges_monthly then service_periods.period_ends_at else service_periods.plan_period_ends_at end as period_ends_at,
        case when service_periods.bill_fixed_charges_monthly then service_periods.next_period_ends_at else service_periods.next_plan_period_ends_at end as next_period_ends_at,
        case when service_periods.bill_fixed_charges_monthly then service_periods.period_days else service_periods.plan_period_days end as period_days,
        case when service_periods.bill_fixed_charges_monthly then {{ days_between('service_periods.period_ends_on', 'service_periods.next_period_ends_on') }}
            else {{ days_between('service_periods.plan_period_ends_on', 'service_periods.next_plan_period_ends_on') }} end as next_period_days,
        service_periods.bill_fixed_charges_monthly or service_periods.closes_plan_period as closes_period,
        fixed_charge_bills.changed_at,
        fixed_charge_bills.change_sequence
    from placed
    inner join service_periods
        on placed.subscription_id = service_periods.subscription_id
        and placed.known_from = service_periods.known_from
        and placed.billed_index = service_periods.period_index
    left join fixed_charge_bills on placed.invoice_id = fixed_charge_bills.invoice_id
),

-- Every bill closes a period, opens one, does both, or adds to an open one.
sides as (
    select periods.*, 'arrears' as billing_side, starts_at as period_from_at, starts_at as from_at, case when invoicing_reason = 'terminating' then service_closed_at else period_ends_at end as to_at
    from periods
    where invoicing_reason = 'terminating' or (invoicing_reason = 'periodic' and closes_period)
    union all
    select periods.*, 'advance', period_ends_at, period_ends_at, next_period_ends_at
    from periods
    where invoicing_reason = 'periodic' and closes_period
    union all
    select periods.*, 'advance', starts_at, starts_at, period_ends_at
    from periods
    where invoicing_reason = 'starting'
    union all
    select periods.*, 'change', starts_at, changed_at, period_ends_at
    from periods
    where invoicing_reason = 'fixed_charge_change'
),

final as (
    select
        case
            when taken_over_by is null then {{ deterministic_id(['invoice_id', 'subscription_id', 'billing_side', instant_text('from_at')]) }}
            else {{ deterministic_id(["'paid'", 'taken_over_by', 'invoice_id', 'billing_side', instant_text('from_at')]) }}
        end as fixed_charge_window_id,
        invoice_id, subscription_id, customer_id, external_subscription_id, plan_id, currency, timezone, window_state, horizon_at,
        billing_side, period_from_at, from_at, to_at,
        case when billing_side = 'arrears' and ends_with_service then to_at else {{ from_epoch_microseconds(epoch_microseconds('to_at') ~ ' - 1') }} end as last_at,
        case when billing_side = 'advance' and invoicing_reason = 'periodic' then next_period_days else period_days end as period_days,
        change_sequence, taken_over_by, taken_over_at
    from sides
    where taken_over_by is null or (billing_side <> 'arrears' and from_at <= taken_over_at and taken_over_at < to_at)
)

select * from final
