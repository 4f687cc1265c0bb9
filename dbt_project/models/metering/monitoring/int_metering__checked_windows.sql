with usage_checks as (
    select * from {{ ref('int_metering__usage_checks') }}
),

lifetimes as (
    select * from {{ ref('int_metering__lifetimes') }}
),

invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }} where usage_from_at is not null
),

-- At a tick, the usage of a lifetime that is on no final invoice: the current period, and those that have ended and whose bill
-- is still to be issued then.
windows as (
    select
        usage_check_id, checked_at, 'current' as window_part,
        subscription_id, customer_id, external_subscription_id, plan_id, currency, timezone,
        from_at, to_at, period_days, ends_with_service
    from usage_checks
    union all
    select
        usage_checks.usage_check_id, usage_checks.checked_at, 'ended' as window_part,
        invoice_items.subscription_id, invoice_items.customer_id, invoice_items.external_subscription_id, invoice_items.plan_id,
        invoice_items.currency, invoice_items.timezone,
        invoice_items.usage_from_at, invoice_items.usage_to_at, invoice_items.usage_period_days, invoice_items.ends_with_service
    from usage_checks
    inner join lifetimes on usage_checks.lifetime_id = lifetimes.lifetime_id
    inner join invoice_items
        on lifetimes.subscription_id = invoice_items.subscription_id
        and invoice_items.usage_to_at <= usage_checks.checked_at
        and invoice_items.issued_at > usage_checks.checked_at
),

final as (
    select
        {{ deterministic_id(["'checked'", 'usage_check_id', 'subscription_id', instant_text('from_at'), instant_text('to_at')]) }} as usage_window_id,
        usage_check_id, window_part,
        subscription_id, customer_id, external_subscription_id, plan_id, currency, timezone,
        from_at, to_at, period_days, ends_with_service,
        checked_at as horizon_at
    from windows
)

select * from final
