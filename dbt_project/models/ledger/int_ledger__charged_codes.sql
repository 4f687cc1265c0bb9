with settled_windows as (
    select * from {{ ref('int_ledger__settled_windows') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }} where not pay_in_advance
),

billable_metrics as (
    select * from {{ ref('stg_catalog__billable_metrics') }}
),

-- Late usage of a code is ignored when every charge that it is for ignores it, in the version that the bill knew.
final as (
    select
        settled_windows.settled_window_id, billable_metrics.code,
        min(case when charges.late_usage_policy = 'ignore' then 1 else 0 end) = 1 as ignores_late
    from settled_windows
    inner join charges on settled_windows.plan_id = charges.plan_id and {{ known_at('charges', 'settled_windows.horizon_at') }}
    inner join billable_metrics
        on charges.billable_metric_id = billable_metrics.billable_metric_id and {{ known_at('billable_metrics', 'settled_windows.horizon_at') }}
    group by settled_windows.settled_window_id, billable_metrics.code
)

select * from final
