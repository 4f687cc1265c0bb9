with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'custom'
),

final as (
    select
        sql_charge, usage_id, window_charge_id, charge_id, charge_filter_id, group_key,
        price_id, currency, horizon_at, units, full_units, total_aggregated_units, events_count
    from priced_usage
)

select * from final
