with source as (
    select * from {{ source('catalog', 'schedule_ticks') }}
),

final as (
    select
        id as schedule_tick_id,
        schedule_id,
        tick_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
