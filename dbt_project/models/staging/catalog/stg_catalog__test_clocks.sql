with source as (
    select * from {{ source('catalog', 'test_clocks') }}
),

final as (
    select
        id as test_clock_id,
        reading,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
