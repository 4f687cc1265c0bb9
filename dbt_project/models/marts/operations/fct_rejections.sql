with rejections as (
    select * from {{ ref('stg_landing__rejections') }}
),

final as (
    select
        landing_file, source, source_row, reason, field, message, content, received_at,
        cast(received_at as date) as received_on
    from rejections
)

select * from final
