with unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

checked_windows as (
    select * from {{ ref('int_metering__checked_windows') }}
),

late_windows as (
    select * from {{ ref('int_metering__late_windows') }}
),

billed_usage as (
    select subscription_id, max(usage_to_at) as usage_to_at
    from {{ ref('int_metering__invoice_items') }}
    group by subscription_id
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }} where known_to is null
),

billing_ticks as (
    select * from {{ ref('int_metering__billing_ticks') }} where invoicing_reason = 'periodic'
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }} where status <> 'canceled'
),

billed as (
    select
        subscription_id, customer_id, external_subscription_id, plan_id, currency, timezone, invoice_id,
        usage_from_at as from_at, usage_to_at as to_at, usage_period_days as period_days, ends_with_service, renewed_to_at, horizon_at,
        case when is_due then 'due' else 'draft' end as window_state
    from unissued_items
    where usage_from_at is not null
),

-- A period stays open until its bill is ready, which is a tick after its end.
open_periods as (
    select
        service_periods.subscription_id, service_periods.customer_id, service_periods.external_subscription_id, service_periods.plan_id,
        service_periods.currency, service_periods.timezone,
        cast(null as string) as invoice_id,
        case
            when {{ is_next_period('billed_usage.usage_to_at', 'service_periods.usage_from_at') }} then billed_usage.usage_to_at else service_periods.usage_from_at
        end as from_at,
        case when service_periods.service_ends_at < service_periods.period_ends_at then service_periods.service_ends_at else service_periods.period_ends_at end as to_at,
        service_periods.period_days,
        coalesce(service_periods.service_ends_at < service_periods.period_ends_at, false) as ends_with_service,
        cast(null as timestamp) as renewed_to_at,
        service_periods.as_of as horizon_at,
        'open' as window_state
    from service_periods
    left join billed_usage on service_periods.subscription_id = billed_usage.subscription_id
    left join billing_ticks
        on service_periods.subscription_id = billing_ticks.subscription_id
        and service_periods.known_from = billing_ticks.known_from
        and service_periods.period_index = billing_ticks.period_index
    where (service_periods.period_ends_at > service_periods.as_of or billing_ticks.ready_at > service_periods.as_of)
        and (service_periods.service_ends_at is null or service_periods.service_ends_at > service_periods.as_of)
        and service_periods.started_at <= service_periods.as_of
),

windows as (
    select *, horizon_at as known_until_at, cast(null as string) as usage_window_id
    from billed
    union all
    select *, horizon_at as known_until_at, cast(null as string) as usage_window_id
    from open_periods
    union all
    select
        subscription_id, customer_id, external_subscription_id, plan_id, currency, timezone, cast(null as string),
        from_at, to_at, period_days, ends_with_service, null, horizon_at, 'checked', horizon_at, usage_window_id
    from checked_windows
    union all
    select
        subscription_id, customer_id, external_subscription_id, plan_id, currency, timezone, invoice_id,
        from_at, to_at, period_days, ends_with_service, null, horizon_at, 'late', known_until_at, usage_window_id
    from late_windows
),

-- On an upgrade the next subscription takes the service over, on the day on which this one ends.
final as (
    select
        coalesce(windows.usage_window_id, {{ deterministic_id(['windows.subscription_id', instant_text('windows.from_at'), instant_text('windows.to_at')]) }}) as usage_window_id,
        windows.subscription_id, windows.customer_id, windows.external_subscription_id, windows.plan_id,
        windows.currency, windows.timezone, windows.invoice_id,
        windows.from_at, windows.to_at, windows.period_days, windows.ends_with_service,
        successors.plan_id as successor_plan_id,
        windows.renewed_to_at, windows.horizon_at, windows.known_until_at, windows.window_state
    from windows
    left join subscriptions as successors
        on case when windows.ends_with_service then windows.subscription_id end = successors.previous_subscription_id
        and {{ known_at('successors', 'windows.horizon_at') }}
)

select * from final
