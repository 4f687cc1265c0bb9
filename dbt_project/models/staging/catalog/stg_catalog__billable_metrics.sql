with source as (
    select * from {{ source('catalog', 'billable_metrics') }}
),

final as (
    select
        id as billable_metric_id,
        code,
        name,
        aggregation_type,
        field_name,
        sql_metric,
        recurring,
        rounding_function,
        rounding_precision,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
