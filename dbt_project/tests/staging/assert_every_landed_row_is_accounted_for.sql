-- Fails if a row of a landing file is neither a loaded event nor a duplicate nor a rejection (law 3): then nothing is issued.
{{ checks('stg_landing__landing_files') }}
with files as (
    select * from {{ ref('stg_landing__landing_files') }}
),

loaded as (
    select landing_file, count(*) as event_count from {{ ref('stg_landing__events') }} group by landing_file
),

refused as (
    select landing_file, count(*) as rejection_count from {{ ref('stg_landing__rejections') }} group by landing_file
)

select files.landing_file
from files
left join loaded on files.landing_file = loaded.landing_file
left join refused on files.landing_file = refused.landing_file
where coalesce(loaded.event_count, 0) <> files.accepted_count
    or coalesce(loaded.event_count, 0) + files.duplicate_count + coalesce(refused.rejection_count, 0) <> files.row_count
