with contributions as (
    select * from {{ ref('int_metering__sql_metric_contributions') }}
),

final as (
    select
        window_charge_id,
        charge_filter_id,
        group_key,
        count(*) as events_count,
        {{ quantity('sum(quantity)') }} as units
    from contributions
    group by window_charge_id, charge_filter_id, group_key
)

select * from final
