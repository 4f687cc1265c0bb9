with window_events as (
    select * from {{ ref('int_metering__charge_events') }} where has_buckets
),

advance_events as (
    select * from {{ ref('int_metering__advance_events') }} where has_buckets
),

bucket_filters as (
    select * from {{ ref('int_metering__bucket_filters') }}
),

charge_group_keys as (
    select * from {{ ref('stg_catalog__charge_group_keys') }}
),

charge_events as (
    select window_charge_id, charge_id, horizon_at, external_subscription_id, transaction_id, properties from window_events
    union all
    select fee_id, charge_id, billed_at, external_subscription_id, transaction_id, properties from advance_events
),

filter_sizes as (
    select
        window_charge_id, charge_filter_id, filter_position, value_count,
        count(distinct filter_key) as key_count
    from bucket_filters
    group by window_charge_id, charge_filter_id, filter_position, value_count
),

key_matches as (
    select
        charge_events.window_charge_id, charge_events.external_subscription_id, charge_events.transaction_id,
        bucket_filters.charge_filter_id,
        count(distinct bucket_filters.filter_key) as matched_keys
    from charge_events
    inner join bucket_filters
        on charge_events.window_charge_id = bucket_filters.window_charge_id
        and {{ json_text('charge_events.properties', 'bucket_filters.filter_key') }} = bucket_filters.filter_value
    group by charge_events.window_charge_id, charge_events.external_subscription_id, charge_events.transaction_id, bucket_filters.charge_filter_id
),

-- The most keys win, then the narrower set of values, then the older filter: one bucket for every event (law 3).
ranked as (
    select
        key_matches.window_charge_id, key_matches.external_subscription_id, key_matches.transaction_id, key_matches.charge_filter_id,
        row_number() over (
            partition by key_matches.window_charge_id, key_matches.external_subscription_id, key_matches.transaction_id
            order by filter_sizes.key_count desc, filter_sizes.value_count, filter_sizes.filter_position, key_matches.charge_filter_id
        ) as match_rank
    from key_matches
    inner join filter_sizes
        on key_matches.window_charge_id = filter_sizes.window_charge_id
        and key_matches.charge_filter_id = filter_sizes.charge_filter_id
        and key_matches.matched_keys = filter_sizes.key_count
),

routed as (
    select charge_events.*, ranked.charge_filter_id
    from charge_events
    left join ranked
        on charge_events.window_charge_id = ranked.window_charge_id
        and charge_events.external_subscription_id = ranked.external_subscription_id
        and charge_events.transaction_id = ranked.transaction_id
        and ranked.match_rank = 1
),

group_members as (
    select
        routed.window_charge_id, routed.external_subscription_id, routed.transaction_id,
        charge_group_keys.position,
        {{ group_member('charge_group_keys.key', 'routed.properties') }} as member
    from routed
    inner join charge_group_keys
        on routed.charge_id = charge_group_keys.charge_id
        and coalesce(routed.charge_filter_id, '') = coalesce(charge_group_keys.charge_filter_id, '')
        and {{ known_at('charge_group_keys', 'routed.horizon_at') }}
),

groups as (
    select
        window_charge_id, external_subscription_id, transaction_id,
        {{ group_text('member', 'position') }} as group_key
    from group_members
    group by window_charge_id, external_subscription_id, transaction_id
),

final as (
    select
        routed.window_charge_id, routed.external_subscription_id, routed.transaction_id, routed.charge_filter_id, groups.group_key
    from routed
    left join groups
        on routed.window_charge_id = groups.window_charge_id
        and routed.external_subscription_id = groups.external_subscription_id
        and routed.transaction_id = groups.transaction_id
)

select * from final
