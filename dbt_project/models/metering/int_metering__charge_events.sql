{{ config(materialized='view') }}
-- A recurring metric counts every event ever sent: its window has no lower bound (rating, section 2).
with window_charges as (
    select
        *,
        case when recurring then cast('0001-01-01 00:00:00' as timestamp) else from_at end as counts_from_at,
        charge_model in ('percentage', 'custom') or prorated or pay_in_advance as needs_event_changes
    from {{ ref('int_metering__window_charges') }}
),

received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

matched as (
    select
        window_charges.window_charge_id,
        window_charges.charge_id,
        window_charges.horizon_at,
        window_charges.aggregation_type,
        window_charges.has_buckets,
        window_charges.needs_event_changes,
        received_events.external_subscription_id,
        received_events.transaction_id,
        received_events.timestamp,
        received_events.timestamp < window_charges.from_at as is_before_window,
        received_events.properties,
        received_events.precise_total_amount_cents,
        received_events.known_at,
        received_events.received_at,
        received_events.received_sequence,
        case when window_charges.aggregation_type <> 'count_agg' then {{ json_text('received_events.properties', 'window_charges.field_name') }} end as field_text
    from received_events
    inner join window_charges
        on received_events.external_subscription_id = window_charges.external_subscription_id
        and received_events.code = window_charges.billable_metric_code
        and received_events.timestamp >= window_charges.counts_from_at
        and received_events.timestamp < window_charges.to_at
        and received_events.known_at <= window_charges.known_until_at
),

final as (
    select
        window_charge_id, charge_id, horizon_at, aggregation_type, has_buckets, needs_event_changes,
        external_subscription_id, transaction_id, timestamp, is_before_window, properties, precise_total_amount_cents,
        known_at, received_at, received_sequence, field_text,
        {{ field_number('aggregation_type', 'field_text') }} as field_value
    from matched
)

select * from final
