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

set_aside_events as (
    select distinct external_subscription_id, transaction_id from {{ ref('stg_catalog__set_aside_events') }}
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

-- What a command set aside counts nowhere, whatever the cutoff: no bill that holds it could ever be issued.
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
    left join set_aside_events
        on events.external_subscription_id = set_aside_events.external_subscription_id and events.transaction_id = set_aside_events.transaction_id
    where set_aside_events.transaction_id is null
)

select * from final
