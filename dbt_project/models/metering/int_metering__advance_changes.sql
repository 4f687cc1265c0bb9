with advance_events as (
    select * from {{ ref('int_metering__advance_events') }}
),

event_buckets as (
    select * from {{ ref('int_metering__event_buckets') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

original_filters as (
    select distinct charge_filter_id, original_charge_filter_id from charge_filters
),

-- Events count in the order in which they became known, which is the order in which they are billed: what comes late is added to
-- what was billed, whenever it happened. `time_place` is the order in which they happened.
counted as (
    select
        advance_events.*,
        event_buckets.charge_filter_id,
        original_filters.original_charge_filter_id,
        event_buckets.group_key,
        case when advance_events.recurring then '' else advance_events.window_charge_id end as counts_in,
        case when {{ json_text('advance_events.properties', "'operation_type'") }} = 'remove' then 0 else 1 end as is_active_after
    from advance_events
    left join event_buckets on advance_events.fee_id = event_buckets.window_charge_id
    left join original_filters on event_buckets.charge_filter_id = original_filters.charge_filter_id
    where {{ is_counted('advance_events.aggregation_type', 'advance_events.field_text', 'advance_events.field_value') }}
),

placed as (
    select
        *,
        row_number() over (
            partition by original_charge_id, external_subscription_id, counts_in, original_charge_filter_id, group_key
            order by billed_at, known_at, received_at, received_sequence, transaction_id
        ) as known_place,
        row_number() over (
            partition by original_charge_id, external_subscription_id, counts_in, original_charge_filter_id, group_key
            order by timestamp, received_at, received_sequence, transaction_id
        ) as time_place
    from counted
),

-- Whether a value is active is told by its last event in time among those known.
compared as (
    select
        *,
        coalesce(max(time_place) over (
            partition by original_charge_id, external_subscription_id, counts_in, original_charge_filter_id, group_key, field_text
            order by known_place rows between unbounded preceding and 1 preceding
        ), 0) < time_place as is_last_in_time
    from placed
),

followed as (
    select
        *,
        lag(is_active_after, 1, 0) over (
            partition by original_charge_id, external_subscription_id, counts_in, original_charge_filter_id, group_key, field_text, is_last_in_time
            order by known_place
        ) as is_active_before
    from compared
),

final as (
    select
        fee_id, window_charge_id, charge_id, original_charge_id, charge_model, charge_filter_id, original_charge_filter_id, group_key,
        external_subscription_id, transaction_id,
        timestamp, known_at, billed_at, aggregation_type, recurring, is_billed, known_place, precise_total_amount_cents,
        case aggregation_type
            when 'count_agg' then {{ quantity('1') }}
            when 'unique_count_agg' then {{ quantity('case when is_last_in_time then is_active_after - is_active_before else 0 end') }}
            else field_value
        end as change_quantity
    from followed
)

select * from final
