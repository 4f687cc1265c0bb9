with source as (
    select * from {{ source('catalog', 'wallet_targets') }}
),

final as (
    select
        wallet_id,
        fee_type,
        billable_metric_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
