with unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }} where invoicing_reason in ('periodic', 'terminating')
),

opened as (
    select subscription_id, min(case when invoicing_reason = 'periodic' then period_index + 1 else period_index end) as first_index
    from {{ ref('int_metering__invoice_items') }}
    where invoicing_reason in ('starting', 'trial', 'periodic')
    group by subscription_id
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }} where minimum_commitment_amount_cents > 0
),

-- A closing bill without a period of its own belongs to the period before (see final bills).
closing as (
    select
        unissued_items.*,
        plans.code as plan_code,
        plans.minimum_commitment_amount_cents,
        coalesce(plans.minimum_commitment_display_name, 'Minimum commitment') as commitment_name,
        case when invoicing_reason = 'terminating' and not ends_with_service then period_index - 1 else period_index end as closed_index
    from unissued_items
    inner join plans on unissued_items.plan_id = plans.plan_id and {{ known_at('plans', 'unissued_items.horizon_at') }}
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

-- In advance the first bill of a service looks back on none (invoicing, section 7).
committed as (
    select periods.*
    from periods
    left join opened on periods.subscription_id = opened.subscription_id and opened.first_index <= periods.closed_index
    where not periods.pay_in_advance or opened.subscription_id is not null
),

-- Days of service, trial or not, over days of the whole period, in whole minor units (invoicing, section 7).
final as (
    select
        {{ deterministic_id(["'commitment'", 'invoice_id', 'subscription_id', instant_text('period_starts_at')]) }} as fee_id,
        invoice_id,
        case when is_due then 'due' else 'draft' end as fee_state,
        customer_id, subscription_id, external_subscription_id, plan_id, plan_code, commitment_name, currency,
        period_starts_at as from_at,
        period_ends_at as to_at,
        horizon_at,
        {{ days_between('from_on', 'to_on') }} as committed_days,
        period_days,
        {{ cents(div_round('cast(minimum_commitment_amount_cents as decimal(38, 0)) * ' ~ days_between('from_on', 'to_on'), 'period_days')) }} as commitment_cents
    from committed
)

select * from final
