{{ config(materialized='view') }}
with held_usage as (
    select *, min(horizon_at) over (partition by customer_id) as held_from_at
    from {{ ref('int_billing__held_usage') }}
    where bill_state = 'due'
),

usage_out_of_domain as (
    select * from {{ ref('int_rating__usage_out_of_domain') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }}
),

advance_events as (
    select * from {{ ref('int_metering__advance_events') }}
),

event_buckets as (
    select * from {{ ref('int_metering__event_buckets') }}
),

settled_windows as (
    select * from {{ ref('int_ledger__settled_windows') }} where window_state in ('billed', 'due')
),

held as (
    select
        held_usage.usage_id, held_usage.bill_id, held_usage.customer_id, held_usage.external_subscription_id, held_usage.horizon_at, held_usage.held_from_at,
        usage_out_of_domain.usage_kind, usage_out_of_domain.window_charge_id, usage_out_of_domain.charge_id,
        coalesce(usage_out_of_domain.charge_filter_id, '') as charge_filter_id,
        coalesce(usage_out_of_domain.group_key, '') as group_key
    from held_usage
    inner join usage_out_of_domain on held_usage.usage_id = usage_out_of_domain.usage_id
),

-- A fee in advance prices all that was known of its bucket with its event.
behind as (
    select
        held.*, bucketed_events.transaction_id, bucketed_events.timestamp, bucketed_events.properties, bucketed_events.known_at,
        bucketed_events.field_value, window_charges.recurring
    from held
    inner join window_charges on held.window_charge_id = window_charges.window_charge_id
    inner join bucketed_events
        on held.window_charge_id = bucketed_events.window_charge_id
        and held.charge_filter_id = coalesce(bucketed_events.charge_filter_id, '')
        and held.group_key = coalesce(bucketed_events.group_key, '')
    where held.usage_kind in ('period', 'renewal')
    union all
    select
        held.*, advance_events.transaction_id, advance_events.timestamp, advance_events.properties, advance_events.known_at,
        advance_events.field_value, advance_events.recurring
    from held
    inner join advance_events
        on held.charge_id = advance_events.charge_id
        and held.external_subscription_id = advance_events.external_subscription_id
        and advance_events.billed_at <= held.horizon_at
        and (advance_events.recurring or held.window_charge_id = advance_events.window_charge_id)
    left join event_buckets on advance_events.fee_id = event_buckets.window_charge_id
    where held.usage_kind = 'advance'
        and held.charge_filter_id = coalesce(event_buckets.charge_filter_id, '') and held.group_key = coalesce(event_buckets.group_key, '')
),

-- What was due before the first held bill is issued by whichever run comes first, so it counts as billed.
billed as (
    select behind.external_subscription_id, behind.transaction_id
    from behind
    inner join settled_windows
        on behind.external_subscription_id = settled_windows.external_subscription_id
        and settled_windows.horizon_at < behind.held_from_at and behind.known_at <= settled_windows.horizon_at
        and behind.timestamp < settled_windows.to_at and (behind.recurring or behind.timestamp >= settled_windows.from_at)
    union
    select behind.external_subscription_id, behind.transaction_id
    from behind
    inner join advance_events
        on behind.external_subscription_id = advance_events.external_subscription_id and behind.transaction_id = advance_events.transaction_id
    where advance_events.billed_at < behind.held_from_at
),

final as (
    select
        behind.usage_id, behind.bill_id, behind.customer_id, behind.external_subscription_id, behind.transaction_id, behind.timestamp, behind.properties,
        behind.field_value, billed.transaction_id is not null as is_billed
    from behind
    left join billed on behind.external_subscription_id = billed.external_subscription_id and behind.transaction_id = billed.transaction_id
)

select * from final
