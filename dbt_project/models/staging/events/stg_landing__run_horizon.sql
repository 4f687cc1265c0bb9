with source as (
    select * from {{ source('landing', 'run_horizon') }}
),

final as (
    select
        as_of,
        watermark
    from source
)

select * from final
