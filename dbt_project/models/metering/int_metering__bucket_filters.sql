with window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

charge_filter_values as (
    select * from {{ ref('stg_catalog__charge_filter_values') }}
),

final as (
    select
        window_charges.window_charge_id,
        charge_filters.charge_filter_id,
        charge_filters.position as filter_position,
        charge_filter_values.key as filter_key,
        charge_filter_values.value as filter_value,
        count(*) over (partition by window_charges.window_charge_id, charge_filters.charge_filter_id) as value_count
    from window_charges
    inner join charge_filters
        on window_charges.charge_id = charge_filters.charge_id and {{ known_at('charge_filters', 'window_charges.horizon_at') }}
    inner join charge_filter_values
        on charge_filters.charge_filter_id = charge_filter_values.charge_filter_id
        and {{ known_at('charge_filter_values', 'window_charges.horizon_at') }}
    where window_charges.has_buckets
)

select * from final
