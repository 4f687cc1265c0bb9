with subscriptions as (
    select * from {{ ref('dim_subscriptions') }} where status in ('active', 'terminated')
),

plan_changes as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

whole_numbers as (
    {{ whole_numbers(1201) }}
),

-- A customer who was deleted keeps a history, in UTC.
zoned as (
    select subscriptions.*, coalesce(customers.timezone, 'UTC') as timezone
    from subscriptions
    left join customers on subscriptions.customer_id = customers.customer_id
),

spans as (
    select
        customer_id, timezone, as_of,
        min({{ local_date('started_at', 'timezone') }}) as first_on,
        {{ local_date('as_of', 'timezone') }} as last_on
    from zoned
    group by customer_id, timezone, as_of
),

months as (
    select
        spans.customer_id, spans.as_of,
        {{ plus_months("cast(date_trunc('month', spans.first_on) as date)", 'whole_numbers.n') }} as month_on,
        {{ utc_time(plus_months("cast(date_trunc('month', spans.first_on) as date)", 'whole_numbers.n + 1'), 'spans.timezone') }} as ends_at
    from spans
    inner join whole_numbers on whole_numbers.n <= 12 * (year(spans.last_on) - year(spans.first_on)) + month(spans.last_on) - month(spans.first_on)
),

-- A month is looked at just before it ends at the customer's midnight, the month of the run at the run.
looks as (
    select
        customer_id, month_on,
        case when ends_at <= as_of then {{ from_epoch_microseconds(epoch_microseconds('ends_at') ~ ' - 1') }} else as_of end as seen_at
    from months
),

-- What a subscription was first known to be on counts from its start, however far back that is.
taken as (
    select
        subscription_id, plan_id, valid_from as taken_at, valid_to,
        case when row_number() over (partition by subscription_id order by valid_from, sequence) > 1 then valid_from else {{ from_epoch_microseconds('0') }} end as holds_from_at
    from plan_changes
),

-- A subscription recurs with the amount of its plan as it is known then, spread over months.
recurring as (
    select
        looks.customer_id, plans.amount_currency as currency, looks.month_on,
        sum(case plans.interval
            when 'weekly' then {{ div_round('cast(plans.amount_cents as decimal(38, 0)) * 52', '12') }}
            when 'quarterly' then {{ div_round('cast(plans.amount_cents as decimal(38, 0))', '3') }}
            when 'semiannual' then {{ div_round('cast(plans.amount_cents as decimal(38, 0))', '6') }}
            when 'yearly' then {{ div_round('cast(plans.amount_cents as decimal(38, 0))', '12') }}
            else plans.amount_cents end) as mrr_cents
    from looks
    inner join subscriptions
        on looks.customer_id = subscriptions.customer_id
        and subscriptions.started_at <= looks.seen_at
        and coalesce(subscriptions.service_ends_at, timestamp '9999-12-31 00:00:00') > looks.seen_at
    inner join taken
        on subscriptions.subscription_id = taken.subscription_id
        and taken.holds_from_at <= looks.seen_at and (taken.valid_to is null or looks.seen_at < taken.valid_to)
    inner join plans
        on taken.plan_id = plans.plan_id
        and {{ known_at('plans', 'case when looks.seen_at < taken.taken_at then taken.taken_at else looks.seen_at end') }}
    group by looks.customer_id, plans.amount_currency, looks.month_on
),

currencies as (
    select distinct customer_id, currency from recurring
),

final as (
    select
        looks.customer_id, currencies.currency, looks.month_on,
        {{ cents('coalesce(recurring.mrr_cents, 0)') }} as mrr_amount_cents
    from looks
    inner join currencies on looks.customer_id = currencies.customer_id
    left join recurring
        on looks.customer_id = recurring.customer_id and currencies.currency = recurring.currency and looks.month_on = recurring.month_on
)

select * from final
