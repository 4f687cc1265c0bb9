with received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }} where pay_in_advance
),

billable_metrics as (
    select * from {{ ref('stg_catalog__billable_metrics') }}
),

advance_codes as (
    select distinct billable_metrics.code
    from charges
    inner join billable_metrics on charges.billable_metric_id = billable_metrics.billable_metric_id
),

-- An event is billed when it is known, and that its period has begun and its subscription exists is known too.
candidates as (
    select
        service_periods.*,
        received_events.transaction_id,
        received_events.code,
        received_events.timestamp,
        received_events.properties,
        received_events.precise_total_amount_cents,
        received_events.known_at,
        received_events.received_at,
        received_events.received_sequence,
        case
            when received_events.known_at >= service_periods.usage_from_at and received_events.known_at >= service_periods.known_from then received_events.known_at
            when service_periods.usage_from_at >= service_periods.known_from then service_periods.usage_from_at
            else service_periods.known_from
        end as billed_at
    from received_events
    inner join advance_codes on received_events.code = advance_codes.code
    inner join service_periods
        on received_events.external_subscription_id = service_periods.external_subscription_id
        and received_events.timestamp >= service_periods.usage_from_at
        and received_events.timestamp < case
            when service_periods.service_ends_at < service_periods.period_ends_at then service_periods.service_ends_at
            else service_periods.period_ends_at
        end
),

-- The first knowledge epoch in which that is so places the event; a running subscription goes before an ended one.
ranked as (
    select
        *,
        row_number() over (
            partition by external_subscription_id, transaction_id
            order by billed_at, case when service_ends_at is null then 0 else 1 end, started_at desc, subscription_id, known_from
        ) as place
    from candidates
    where (known_to is null or billed_at < known_to) and billed_at <= as_of
),

final as (
    select
        external_subscription_id, transaction_id, code, timestamp, properties, precise_total_amount_cents,
        known_at, received_at, received_sequence, billed_at,
        subscription_id, customer_id, billing_entity_id, plan_id, currency, timezone, billing_starts_at,
        period_index, period_days, usage_from_at as from_at,
        case when service_ends_at < period_ends_at then service_ends_at else period_ends_at end as to_at,
        coalesce(service_ends_at < period_ends_at, false) as ends_with_service
    from ranked
    where place = 1
)

select * from final
