with invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

invoice_voids as (
    select * from {{ ref('stg_catalog__invoice_voids') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }} where not pay_in_advance
),

billable_metrics as (
    select * from {{ ref('stg_catalog__billable_metrics') }}
),

sides as (
    select 'after' as side
    union all select 'before'
),

-- What a customer is billed in one currency by one seller follows each other; each bill settles what became known since the one before it.
bills as (
    select
        invoice_id, customer_id, billing_entity_id, currency, issued_at, horizon_at, is_due,
        lag(issued_at) over (partition by customer_id, billing_entity_id, currency order by issued_at, invoice_id) as previous_issued_at
    from (select distinct invoice_id, customer_id, billing_entity_id, currency, issued_at, horizon_at, is_due from invoice_items) as invoices
),

metered as (
    select distinct charges.plan_id, billable_metrics.code, billable_metrics.recurring
    from charges
    inner join billable_metrics on charges.billable_metric_id = billable_metrics.billable_metric_id
),

-- A recurring metric counts what is older than its window too.
late as (
    select distinct
        bills.invoice_id, bills.horizon_at as invoice_horizon_at, bills.is_due,
        case when bills.previous_issued_at > billed.issued_at then bills.previous_issued_at else billed.issued_at end as known_after_at,
        billed.invoice_id as corrected_invoice_id, billed.issued_at as billed_at, billed.subscription_id, billed.customer_id, billed.external_subscription_id, billed.plan_id,
        billed.currency, billed.timezone, billed.usage_from_at as from_at, billed.usage_to_at as to_at, billed.usage_period_days as period_days, billed.ends_with_service
    from received_events
    inner join invoice_items as billed
        on billed.is_due and received_events.external_subscription_id = billed.external_subscription_id
        and received_events.known_at > billed.issued_at and received_events.timestamp < billed.usage_to_at
    inner join metered
        on billed.plan_id = metered.plan_id and received_events.code = metered.code and (metered.recurring or received_events.timestamp >= billed.usage_from_at)
    inner join bills
        on billed.customer_id = bills.customer_id and billed.billing_entity_id = bills.billing_entity_id and billed.currency = bills.currency
        and received_events.known_at <= bills.horizon_at
        and (bills.previous_issued_at is null or received_events.known_at > bills.previous_issued_at)
),

-- The period is measured twice, with what became known and without it, at the prices that it was billed with; of one whose invoice is void nothing is owed.
final as (
    select
        {{ deterministic_id(["'late'", 'sides.side', 'late.invoice_id', 'late.subscription_id', instant_text('late.from_at'), instant_text('late.to_at')]) }} as usage_window_id,
        sides.side, late.invoice_id, late.invoice_horizon_at, late.is_due, late.corrected_invoice_id, late.subscription_id, late.customer_id, late.external_subscription_id,
        late.plan_id, late.currency, late.timezone, late.from_at, late.to_at, late.period_days, late.ends_with_service,
        late.billed_at as horizon_at,
        late.known_after_at,
        case when sides.side = 'after' then late.invoice_horizon_at else late.known_after_at end as known_until_at
    from late
    cross join sides
    left join issued_invoices on late.invoice_id = issued_invoices.invoice_id
    left join invoice_voids on late.corrected_invoice_id = invoice_voids.invoice_id and invoice_voids.valid_from <= late.invoice_horizon_at
    where issued_invoices.invoice_id is null and invoice_voids.invoice_id is null
)

select * from final
