with landing_files as (
    select * from {{ ref('stg_landing__landing_files') }}
),

rejections as (
    select * from {{ ref('stg_landing__rejections') }}
),

-- The day stands in the file's name; a file that somebody else named counts on the day on which it was loaded.
dated_files as (
    select
        accepted_count,
        duplicate_count,
        regexp_extract(landing_file, 'received_date=([0-9-]+)', 1) as received_text,
        loaded_at
    from landing_files
),

counted as (
    select
        case when received_text = '' then cast(loaded_at as date) else cast(received_text as date) end as received_on,
        accepted_count, duplicate_count, 0 as rejected_count
    from dated_files
    union all
    select cast(received_at as date), 0, 0, 1
    from rejections
),

final as (
    select
        received_on,
        {{ cents('sum(accepted_count)') }} as accepted_count,
        {{ cents('sum(duplicate_count)') }} as duplicate_count,
        {{ cents('sum(rejected_count)') }} as rejected_count
    from counted
    group by received_on
)

select * from final
