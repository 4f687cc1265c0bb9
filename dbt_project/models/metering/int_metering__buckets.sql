with window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

bucket_filters as (
    select * from {{ ref('int_metering__bucket_filters') }}
),

charge_group_keys as (
    select * from {{ ref('stg_catalog__charge_group_keys') }}
),

filtered as (
    select window_charge_id, cast(null as string) as charge_filter_id from window_charges
    union
    select bucket_filters.window_charge_id, bucket_filters.charge_filter_id
    from bucket_filters
    inner join window_charges on bucket_filters.window_charge_id = window_charges.window_charge_id
),

empty_groups as (
    select
        filtered.window_charge_id,
        filtered.charge_filter_id,
        '{' || {{ joined_text(json_member('charge_group_keys.key', 'cast(null as string)'), ',', 'charge_group_keys.position') }} || '}' as group_key
    from filtered
    inner join window_charges on filtered.window_charge_id = window_charges.window_charge_id
    inner join charge_group_keys
        on window_charges.charge_id = charge_group_keys.charge_id
        and coalesce(filtered.charge_filter_id, '') = coalesce(charge_group_keys.charge_filter_id, '')
        and {{ known_at('charge_group_keys', 'window_charges.horizon_at') }}
    where window_charges.has_buckets
    group by filtered.window_charge_id, filtered.charge_filter_id
),

final as (
    select
        filtered.window_charge_id,
        filtered.charge_filter_id,
        empty_groups.group_key as empty_group_key
    from filtered
    left join empty_groups
        on filtered.window_charge_id = empty_groups.window_charge_id
        and coalesce(filtered.charge_filter_id, '') = coalesce(empty_groups.charge_filter_id, '')
)

select * from final
