with usage_checks as (
    select * from {{ ref('int_metering__usage_checks') }}
),

lifetimes as (
    select * from {{ ref('int_metering__lifetimes') }}
),

lifetime_usages as (
    select * from {{ ref('stg_catalog__lifetime_usages') }}
),

invoiced_usage as (
    select * from {{ ref('int_billing__invoiced_usage') }}
),

checked_usage as (
    select * from {{ ref('int_billing__checked_usage') }}
),

historical as (
    select usage_checks.usage_check_id, sum(lifetime_usages.historical_usage_amount_cents) as amount_cents
    from usage_checks
    inner join lifetimes on usage_checks.lifetime_id = lifetimes.lifetime_id
    inner join lifetime_usages
        on lifetimes.subscription_id = lifetime_usages.subscription_id and {{ known_at('lifetime_usages', 'usage_checks.checked_at') }}
    group by usage_checks.usage_check_id
),

invoiced as (
    select usage_checks.usage_check_id, sum(invoiced_usage.amount_cents) as amount_cents
    from usage_checks
    inner join lifetimes on usage_checks.lifetime_id = lifetimes.lifetime_id
    inner join invoiced_usage
        on lifetimes.subscription_id = invoiced_usage.subscription_id and invoiced_usage.issued_at <= usage_checks.checked_at
    group by usage_checks.usage_check_id
),

uninvoiced as (
    select
        usage_check_id,
        sum(shown_amount_cents) as shown_amount_cents, sum(current_amount_cents) as current_amount_cents, sum(ended_amount_cents) as ended_amount_cents
    from checked_usage
    group by usage_check_id
),

-- What has ended counts as invoiced though its bill is a draft then, as Lago's does (rating, section 8.1).
final as (
    select
        usage_checks.usage_check_id, usage_checks.lifetime_id, usage_checks.subscription_id, usage_checks.customer_id,
        usage_checks.external_subscription_id, usage_checks.plan_id, usage_checks.currency,
        usage_checks.checked_at, usage_checks.from_at, usage_checks.to_at, usage_checks.is_recorded,
        {{ cents('coalesce(historical.amount_cents, 0)') }} as historical_amount_cents,
        {{ cents('coalesce(invoiced.amount_cents, 0) + coalesce(uninvoiced.ended_amount_cents, 0)') }} as invoiced_amount_cents,
        {{ cents('coalesce(uninvoiced.current_amount_cents, 0)') }} as current_amount_cents,
        {{ cents('coalesce(uninvoiced.shown_amount_cents, 0)') }} as shown_amount_cents
    from usage_checks
    left join historical on usage_checks.usage_check_id = historical.usage_check_id
    left join invoiced on usage_checks.usage_check_id = invoiced.usage_check_id
    left join uninvoiced on usage_checks.usage_check_id = uninvoiced.usage_check_id
)

select * from final
