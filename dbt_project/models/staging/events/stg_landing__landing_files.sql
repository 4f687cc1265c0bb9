with source as (
    select * from {{ source('landing', 'landing_files') }}
),

final as (
    select
        landing_file,
        row_count,
        accepted_count,
        duplicate_count,
        loaded_at
    from source
)

select * from final
