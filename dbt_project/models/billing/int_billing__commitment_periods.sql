with invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }}
),

unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }} where minimum_commitment_amount_cents > 0
),

-- A period that is closed is looked at again only where something of its customer is not issued.
looked_at as (
    select distinct customer_id from unissued_items
),

committed_plans as (
    select distinct plan_id from plans
),

opened as (
    select subscription_id, min(case when invoicing_reason = 'periodic' then period_index + 1 else period_index end) as first_index
    from invoice_items
    where invoicing_reason in ('starting', 'trial', 'periodic')
    group by subscription_id
),

-- A closing bill without a period of its own belongs to the period before (see final bills).
closing as (
    select
        invoice_items.*,
        case when invoice_items.invoicing_reason = 'terminating' and not invoice_items.ends_with_service then invoice_items.period_index - 1 else invoice_items.period_index end as closed_index
    from invoice_items
    inner join looked_at on invoice_items.customer_id = looked_at.customer_id
    inner join committed_plans on invoice_items.plan_id = committed_plans.plan_id
    where invoice_items.invoicing_reason in ('periodic', 'terminating')
),

periods as (
    select
        closing.*,
        {{ utc_time('service_periods.plan_period_starts_on', 'service_periods.timezone') }} as period_starts_at,
        service_periods.plan_period_ends_at as period_ends_at,
        service_periods.plan_period_days as period_days,
        case
            when service_periods.plan_period_starts_on < service_periods.started_on then service_periods.started_on
            else service_periods.plan_period_starts_on
        end as from_on,
        case
            when closing.ends_with_service then {{ plus_days(local_date('closing.usage_to_at', 'closing.timezone'), 1) }}
            when closing.invoicing_reason = 'terminating' then service_periods.period_ends_on
            else service_periods.plan_period_ends_on
        end as to_on
    from closing
    inner join service_periods
        on closing.subscription_id = service_periods.subscription_id
        and closing.known_from = service_periods.known_from
        and closing.closed_index = service_periods.period_index
    where closing.invoicing_reason = 'terminating' or service_periods.closes_plan_period
),

-- In advance the first bill of a service looks back on none (invoicing, section 7). Days of service, trial or not.
final as (
    select
        periods.invoice_id as closing_invoice_id,
        periods.subscription_id, periods.external_subscription_id, periods.plan_id, periods.currency,
        periods.period_starts_at as from_at,
        periods.period_ends_at as to_at,
        {{ days_between('periods.from_on', 'periods.to_on') }} as committed_days,
        periods.period_days
    from periods
    left join opened on periods.subscription_id = opened.subscription_id and opened.first_index <= periods.closed_index
    where not periods.pay_in_advance or opened.subscription_id is not null
)

select * from final
