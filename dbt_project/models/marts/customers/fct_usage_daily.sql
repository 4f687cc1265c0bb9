with received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

billable_metrics as (
    select * from {{ ref('stg_catalog__billable_metrics') }}
),

run_horizon as (
    select * from {{ ref('stg_landing__run_horizon') }}
),

summed_metrics as (
    select billable_metrics.code, min(billable_metrics.field_name) as field_name
    from billable_metrics
    inner join run_horizon on {{ known_at('billable_metrics', 'run_horizon.as_of') }}
    where billable_metrics.aggregation_type = 'sum_agg'
    group by billable_metrics.code
),

valued as (
    select
        received_events.external_subscription_id,
        received_events.code,
        cast(received_events.timestamp as date) as usage_on,
        case when summed_metrics.field_name is not null then {{ json_text('received_events.properties', 'summed_metrics.field_name') }} end as field_text
    from received_events
    left join summed_metrics on received_events.code = summed_metrics.code
),

final as (
    select
        external_subscription_id, code, usage_on,
        count(*) as events_count,
        {{ quantity('sum(' ~ plain_number('field_text') ~ ')') }} as units
    from valued
    group by external_subscription_id, code, usage_on
)

select * from final
