with advance_event_changes as (
    select * from {{ ref('int_metering__advance_event_changes') }}
),

effective_events as (
    select * from {{ ref('int_metering__effective_events') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where prorated
),

window_days as (
    select * from {{ ref('int_metering__window_days') }}
),

-- What the window begins with is one change, but values whose days are counted one by one stay apart, and so do the events of a
-- percentage: its allowances count them (rating, section 4.6).
carried as (
    select
        window_charge_id, charge_filter_id, group_key,
        cast(0 as bigint) as event_number,
        {{ quantity('sum(change_quantity)') }} as change_quantity,
        {{ quantity('sum(precise_total_amount_cents)') }} as precise_total_amount_cents
    from effective_events
    where is_before_window and not bills_held_days and not counts_carried_events
    group by window_charge_id, charge_filter_id, group_key
),

numbered as (
    select
        window_charge_id, charge_filter_id, group_key,
        row_number() over (partition by window_charge_id, charge_filter_id, group_key order by place)
        - count(case when is_before_window then 1 end) over (partition by window_charge_id, charge_filter_id, group_key) as event_number,
        external_subscription_id, transaction_id, timestamp, known_at, occurs_on, leaves_on, bills_held_days,
        change_quantity, precise_total_amount_cents
    from effective_events
    where bills_held_days or counts_carried_events or not is_before_window
    union all
    select
        window_charge_id, charge_filter_id, group_key, event_number,
        null, null, null, null, null, null, false,
        change_quantity, precise_total_amount_cents
    from carried
    where change_quantity <> 0
),

dated as (
    select
        numbered.*,
        window_days.period_days,
        case when numbered.occurs_on > window_days.first_on then numbered.occurs_on else window_days.first_on end as held_from_on,
        case when numbered.leaves_on < window_days.last_on then numbered.leaves_on else window_days.last_on end as held_to_on,
        window_charges.window_charge_id is not null as is_prorated
    from numbered
    left join window_charges on numbered.window_charge_id = window_charges.window_charge_id
    left join window_days on window_charges.window_charge_id = window_days.window_charge_id
),

-- The day of the event and the last day both count; a value that leaves gives nothing back, its own days ended there.
counted as (
    select
        *,
        case
            when not is_prorated then null
            when (bills_held_days and change_quantity < 0) or held_to_on < held_from_on then 0
            else {{ days_between('held_from_on', 'held_to_on') }} + 1
        end as billed_days
    from dated
),

final as (
    select
        window_charge_id, charge_filter_id, group_key,
        cast(event_number as bigint) as event_number,
        event_number <= 0 as is_carried,
        cast(external_subscription_id as string) as external_subscription_id,
        cast(transaction_id as string) as transaction_id,
        cast(timestamp as timestamp) as timestamp,
        cast(known_at as timestamp) as known_at,
        change_quantity,
        cast(billed_days as bigint) as billed_days,
        case when is_prorated then {{ unscaled(div_round(scaled('change_quantity', 12) ~ ' * billed_days', 'period_days'), 12) }} else change_quantity end as prorated_quantity,
        precise_total_amount_cents
    from counted
    union all
    select
        window_charge_id, charge_filter_id, group_key, event_number, is_carried, external_subscription_id, transaction_id, timestamp, known_at,
        change_quantity, null, change_quantity, null
    from advance_event_changes
)

select * from final
