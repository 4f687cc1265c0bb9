with source as (
    select * from {{ source('landing', 'rejections') }}
),

final as (
    select
        source,
        source_row,
        reason,
        field,
        message,
        content,
        received_at,
        landing_file
    from source
)

select * from final
