{{ config(materialized='view') }}
with events as (
    select * from {{ ref('stg_landing__events') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

test_clocks as (
    select * from {{ ref('stg_catalog__test_clocks') }}
),

clocked_subscriptions as (
    select distinct
        subscriptions.external_id as external_subscription_id,
        customers.test_clock_id
    from subscriptions
    inner join customers on subscriptions.customer_id = customers.customer_id
    where customers.test_clock_id is not null
),

readings as (
    select
        clocked_subscriptions.external_subscription_id,
        test_clocks.reading,
        test_clocks.valid_from,
        test_clocks.valid_to
    from clocked_subscriptions
    inner join test_clocks on clocked_subscriptions.test_clock_id = test_clocks.test_clock_id
),

final as (
    select
        events.external_subscription_id,
        events.transaction_id,
        events.code,
        events.timestamp,
        events.properties,
        events.precise_total_amount_cents,
        events.received_at,
        events.received_sequence,
        case when readings.reading is null then events.received_at else readings.reading end as known_at
    from events
    left join readings
        on events.external_subscription_id = readings.external_subscription_id
        and {{ known_at('readings', 'events.received_at') }}
)

select * from final
