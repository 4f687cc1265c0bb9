with landing_files as (
    select * from {{ ref('stg_landing__landing_files') }}
),

events as (
    select * from {{ ref('stg_landing__events') }}
),

rejections as (
    select * from {{ ref('stg_landing__rejections') }}
),

event_states as (
    select * from {{ ref('int_ledger__event_states') }}
),

document_checks as (
    select * from {{ ref('int_ledger__document_checks') }}
),

wallet_balances as (
    select * from {{ ref('fct_wallet_balances') }}
),

landed as (
    select
        coalesce(sum(row_count), 0) as row_count, coalesce(sum(accepted_count), 0) as accepted_count, coalesce(sum(duplicate_count), 0) as duplicate_count
    from landing_files
),

rejected as (
    select count(*) as rejected_count from rejections
),

loaded as (
    select count(*) as event_count from events
),

stated as (
    select coalesce(sum(events_count), 0) as state_count from event_states
),

counts as (
    select
        landed.row_count, landed.accepted_count, landed.duplicate_count,
        rejected.rejected_count, loaded.event_count, stated.state_count
    from landed
    cross join rejected
    cross join loaded
    cross join stated
),

flow_checks as (
    select 1 as position, 'landing rows = accepted + duplicates + rejected' as check_name, row_count as left_value, accepted_count + duplicate_count + rejected_count as right_value
    from counts
    union all
    select 2, 'raw events = accepted', event_count, accepted_count from counts
    union all
    select 3, 'accepted = sum of event states', accepted_count, state_count from counts
),

checks as (
    select position, check_name, left_value, right_value, case when left_value = right_value then 0 else 1 end as mismatch_count
    from flow_checks
    union all
    select
        4, check_name, sum(left_value), sum(right_value),
        sum(case when left_value = right_value then 0 else 1 end)
    from document_checks
    group by check_name
    union all
    select
        5, 'wallet uses <= wallet inflows', coalesce(sum(used_amount_cents), 0), coalesce(sum(inflow_amount_cents), 0),
        coalesce(sum(case when used_amount_cents <= inflow_amount_cents then 0 else 1 end), 0)
    from wallet_balances
),

final as (
    select
        cast(row_number() over (order by position, check_name) as bigint) as position,
        check_name,
        {{ cents('left_value') }} as left_value,
        {{ cents('right_value') }} as right_value,
        {{ cents('left_value - right_value') }} as difference,
        {{ cents('mismatch_count') }} as mismatch_count,
        mismatch_count = 0 as is_held
    from checks
)

select * from final
