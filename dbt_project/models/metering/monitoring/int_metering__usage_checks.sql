with usage_ticks as (
    select * from {{ ref('int_metering__usage_ticks') }}
),

monitored_subscriptions as (
    select * from {{ ref('int_metering__monitored_subscriptions') }}
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }}
),

issued_periods as (
    select subscription_id, max(usage_to_at) as usage_to_at
    from {{ ref('stg_books__invoice_subscriptions') }}
    where invoicing_reason not in ('in_advance_charge', 'progressive_billing')
    group by subscription_id
),

-- The period that holds the tick, as it was known then; usage goes on where the bill before it ended.
placed as (
    select
        service_periods.subscription_id, service_periods.customer_id, service_periods.external_subscription_id, service_periods.plan_id,
        service_periods.currency, service_periods.timezone, service_periods.period_days,
        usage_ticks.checked_at,
        coalesce(invoice_items.usage_to_at, service_periods.usage_from_at) as from_at,
        case when service_periods.service_ends_at < service_periods.period_ends_at then service_periods.service_ends_at else service_periods.period_ends_at end as to_at,
        coalesce(service_periods.service_ends_at < service_periods.period_ends_at, false) as ends_with_service
    from usage_ticks
    inner join service_periods
        on usage_ticks.subscription_id = service_periods.subscription_id
        and service_periods.known_from <= usage_ticks.checked_at
        and (service_periods.known_to is null or usage_ticks.checked_at < service_periods.known_to)
        and service_periods.usage_from_at <= usage_ticks.checked_at
        and usage_ticks.checked_at < service_periods.period_ends_at
        and (service_periods.service_ends_at is null or usage_ticks.checked_at < service_periods.service_ends_at)
    left join invoice_items
        on service_periods.subscription_id = invoice_items.subscription_id
        and invoice_items.invoicing_reason = 'periodic'
        and invoice_items.ready_at <= usage_ticks.checked_at
        and {{ is_next_period('invoice_items.usage_to_at', 'service_periods.usage_from_at') }}
),

-- What was seen in a period that has been billed is in the books; the last of it is still what the next check compares with.
recorded as (
    select
        placed.*,
        coalesce(placed.from_at < issued_periods.usage_to_at, false) as is_recorded,
        row_number() over (
            partition by placed.subscription_id, coalesce(placed.from_at < issued_periods.usage_to_at, false) order by placed.checked_at desc
        ) as recency
    from placed
    left join issued_periods on placed.subscription_id = issued_periods.subscription_id
),

final as (
    select
        {{ deterministic_id(["'usage_check'", 'recorded.subscription_id', instant_text('recorded.checked_at')]) }} as usage_check_id,
        monitored_subscriptions.lifetime_id,
        recorded.subscription_id, recorded.customer_id, recorded.external_subscription_id, recorded.plan_id,
        recorded.currency, recorded.timezone, recorded.period_days, recorded.checked_at, recorded.from_at, recorded.to_at,
        recorded.ends_with_service, recorded.is_recorded
    from recorded
    inner join monitored_subscriptions on recorded.subscription_id = monitored_subscriptions.subscription_id
    where not recorded.is_recorded or recorded.recency = 1
)

select * from final
