with received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

settled_windows as (
    select * from {{ ref('int_ledger__settled_windows') }}
),

advance_event_states as (
    select * from {{ ref('int_ledger__advance_event_states') }}
),

set_aside_events as (
    select * from {{ ref('int_ledger__set_aside_events') }}
),

charged_codes as (
    select * from {{ ref('int_ledger__charged_codes') }}
),

states as (
    select 1 as position, 'billed' as event_state
    union all select 2, 'settled_late'
    union all select 3, 'late'
    union all select 4, 'ignored_late'
    union all select 5, 'due'
    union all select 6, 'draft'
    union all select 7, 'open'
    union all select 8, 'without_effect'
    union all select 9, 'unmatched'
    union all select 10, 'set_aside'
),

placed as (
    select
        settled_windows.settled_window_id, received_events.code, advance_event_states.event_state as advance_state,
        case
            when settled_windows.window_state <> 'billed' or received_events.known_at <= settled_windows.horizon_at then settled_windows.window_state
            when received_events.known_at <= settled_windows.settled_until_at then 'settled_late'
            else 'late'
        end as window_state
    from received_events
    left join settled_windows
        on received_events.external_subscription_id = settled_windows.external_subscription_id
        and received_events.timestamp >= settled_windows.from_at
        and received_events.timestamp < settled_windows.to_at
    left join advance_event_states
        on received_events.external_subscription_id = advance_event_states.external_subscription_id
        and received_events.transaction_id = advance_event_states.transaction_id
),

-- An event that is charged in arrears too stands where its period stands. Counted by window and code first: the state is decided once for all events that share them.
counted as (
    select settled_window_id, window_state, code, advance_state, count(*) as events_count
    from placed
    group by settled_window_id, window_state, code, advance_state
),

decided as (
    select
        counted.events_count,
        case
            when charged_codes.code is null and counted.advance_state is not null then counted.advance_state
            when counted.settled_window_id is null then 'unmatched'
            when charged_codes.code is null then 'without_effect'
            when not charged_codes.ignores_late or counted.window_state not in ('settled_late', 'late') then counted.window_state
            else coalesce(counted.advance_state, 'ignored_late')
        end as event_state
    from counted
    left join charged_codes
        on counted.settled_window_id = charged_codes.settled_window_id and counted.code = charged_codes.code
),

disposed as (
    select event_state, events_count from decided
    union all
    select 'set_aside', count(*) from set_aside_events
),

final as (
    select
        states.event_state,
        cast(states.position as bigint) as position,
        {{ cents('coalesce(sum(disposed.events_count), 0)') }} as events_count
    from states
    left join disposed on states.event_state = disposed.event_state
    group by states.event_state, states.position
)

select * from final
