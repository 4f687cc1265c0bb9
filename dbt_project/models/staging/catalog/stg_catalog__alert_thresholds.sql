with source as (
    select * from {{ source('catalog', 'alert_thresholds') }}
),

final as (
    select
        alert_id,
        position,
        code,
        {{ quantity('value') }} as value,
        recurring as is_recurring,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
