with lifetimes as (
    select * from {{ ref('int_metering__lifetimes') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

lifetime_usages as (
    select * from {{ ref('stg_catalog__lifetime_usages') }}
),

invoiced_usage as (
    select * from {{ ref('int_billing__invoiced_usage') }}
),

open_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state = 'open' and not pay_in_advance
),

parts as (
    select lifetimes.lifetime_id, lifetime_usages.historical_usage_amount_cents as historical_cents, 0 as invoiced_cents, 0 as current_cents
    from lifetimes
    inner join lifetime_usages
        on lifetimes.subscription_id = lifetime_usages.subscription_id and {{ known_at('lifetime_usages', 'lifetimes.as_of') }}
    union all
    select lifetimes.lifetime_id, 0, invoiced_usage.amount_cents, 0
    from lifetimes
    inner join invoiced_usage on lifetimes.subscription_id = invoiced_usage.subscription_id
    union all
    select lifetimes.lifetime_id, 0, 0, open_amounts.amount_cents
    from lifetimes
    inner join open_amounts on lifetimes.subscription_id = open_amounts.subscription_id
),

summed as (
    select
        lifetime_id,
        sum(historical_cents) as historical_cents, sum(invoiced_cents) as invoiced_cents, sum(current_cents) as current_cents
    from parts
    group by lifetime_id
),

final as (
    select
        lifetimes.subscription_id, lifetimes.lifetime_id, lifetimes.customer_id, lifetimes.external_subscription_id, lifetimes.plan_id,
        plans.amount_currency as currency,
        min(lifetimes.started_at) over (partition by lifetimes.lifetime_id) as from_at,
        lifetimes.as_of as to_at,
        {{ cents('coalesce(summed.historical_cents, 0)') }} as historical_amount_cents,
        {{ cents('coalesce(summed.invoiced_cents, 0)') }} as invoiced_amount_cents,
        {{ cents('coalesce(summed.current_cents, 0)') }} as current_amount_cents,
        {{ cents('coalesce(summed.historical_cents, 0) + coalesce(summed.invoiced_cents, 0) + coalesce(summed.current_cents, 0)') }} as total_amount_cents
    from lifetimes
    left join plans on lifetimes.plan_id = plans.plan_id and {{ known_at('plans', 'lifetimes.as_of') }}
    left join summed on lifetimes.lifetime_id = summed.lifetime_id
)

select * from final
