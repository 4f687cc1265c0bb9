with source as (
    select * from {{ source('catalog', 'charge_prices') }}
),

final as (
    select
        charge_id,
        charge_filter_id,
        {{ quantity('amount') }} as amount,
        package_size,
        free_units,
        {{ quantity('rate') }} as rate,
        {{ quantity('fixed_amount') }} as fixed_amount,
        free_units_per_events,
        {{ quantity('free_units_per_total_aggregation') }} as free_units_per_total_aggregation,
        {{ quantity('per_transaction_min_amount') }} as per_transaction_min_amount,
        {{ quantity('per_transaction_max_amount') }} as per_transaction_max_amount,
        sql_charge,
        coalesce(bills_flat_without_usage, true) as bills_flat_without_usage,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
