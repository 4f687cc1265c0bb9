with window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where has_buckets
),

advance_events as (
    select * from {{ ref('int_metering__advance_events') }} where has_buckets
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

charge_filter_values as (
    select * from {{ ref('stg_catalog__charge_filter_values') }}
),

-- An event of a charge in advance is put into a bucket on its own, by the filters known when it is billed.
bucketed as (
    select window_charge_id, charge_id, horizon_at from window_charges
    union all
    select fee_id, charge_id, billed_at from advance_events
),

final as (
    select
        bucketed.window_charge_id,
        charge_filters.charge_filter_id,
        charge_filters.position as filter_position,
        charge_filter_values.key as filter_key,
        charge_filter_values.value as filter_value,
        count(*) over (partition by bucketed.window_charge_id, charge_filters.charge_filter_id) as value_count
    from bucketed
    inner join charge_filters
        on bucketed.charge_id = charge_filters.charge_id and {{ known_at('charge_filters', 'bucketed.horizon_at') }}
    inner join charge_filter_values
        on charge_filters.charge_filter_id = charge_filter_values.charge_filter_id
        and {{ known_at('charge_filter_values', 'bucketed.horizon_at') }}
)

select * from final
