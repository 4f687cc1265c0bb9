with source as (
    select * from {{ source('catalog', 'usage_thresholds') }}
),

final as (
    select
        id as usage_threshold_id,
        owner_type,
        owner_id,
        amount_cents,
        recurring as is_recurring,
        threshold_display_name,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
