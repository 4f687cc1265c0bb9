with source as (
    select * from {{ source('catalog', 'schedules') }}
),

final as (
    select
        id as schedule_id,
        name,
        test_clock_id,
        first_at,
        every_seconds,
        catch_up,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
