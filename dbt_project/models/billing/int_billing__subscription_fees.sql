with invoice_items as (
    select * from {{ ref('int_metering__unissued_items') }} where fee_from_at is not null
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

successors as (
    select * from {{ ref('stg_catalog__subscriptions') }} where status <> 'canceled'
),

dated as (
    select
        invoice_items.*,
        successors.subscription_id is not null as is_upgraded,
        plans.code as plan_code,
        plans.amount_cents as price_cents,
        coalesce(plans.invoice_display_name, plans.name) as plan_name,
        {{ local_date('invoice_items.fee_from_at', 'invoice_items.timezone') }} as from_on,
        {{ local_date('invoice_items.fee_to_at', 'invoice_items.timezone') }} as to_on
    from invoice_items
    inner join plans on invoice_items.plan_id = plans.plan_id and {{ known_at('plans', 'invoice_items.horizon_at') }}
    left join successors
        on case when invoice_items.ends_with_service then invoice_items.subscription_id end = successors.previous_subscription_id
        and {{ known_at('successors', 'invoice_items.horizon_at') }}
),

-- The day on which a service ends is used, so it counts, but that of an upgrade is the next plan's (invoicing, section 3); the divisor is the whole period.
counted as (
    select
        dated.*,
        {{ days_between('from_on', 'to_on') }} + case when ends_with_service and not is_upgraded then 1 else 0 end as billed_days,
        {{ days_between('fee_period_starts_on', 'fee_period_ends_on') }} as period_days
    from dated
),

final as (
    select
        {{ deterministic_id(["'subscription'", 'counted.subscription_id', 'counted.invoicing_reason', instant_text('counted.fee_from_at')]) }} as fee_id,
        counted.invoice_id,
        case when counted.is_due then 'due' else 'draft' end as fee_state,
        counted.customer_id,
        counted.subscription_id,
        counted.external_subscription_id,
        counted.plan_id,
        counted.plan_code as item_code,
        counted.plan_name as item_name,
        counted.fee_from_at as from_at,
        counted.fee_to_at as to_at,
        counted.horizon_at,
        counted.currency,
        counted.billed_days,
        counted.period_days,
        {{ unscaled(div_round('cast(counted.price_cents as decimal(38, 0)) * counted.billed_days * 1000000000000000', 'counted.period_days * currencies.minor_units'), 15) }} as amount
    from counted
    inner join currencies on counted.currency = currencies.currency
)

select * from final
