with bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where aggregation_type in ('count_agg', 'sum_agg', 'max_agg') and is_counted
),

-- An event that does not count makes no group either (rating, sections 1 and 3.2), and a group ends when nothing is left in it:
-- it would owe the first flat fee of every period to come.
final as (
    select
        window_charge_id,
        charge_filter_id,
        group_key,
        count(*) as events_count,
        {{ quantity(additive_units()) }} as units,
        {{ quantity('coalesce(sum(precise_total_amount_cents), 0)') }} as precise_total_amount_cents
    from bucketed_events
    group by window_charge_id, charge_filter_id, group_key, aggregation_type
    having group_key is null or count(case when is_before_window then null else 1 end) > 0 or sum(field_value) <> 0
)

select * from final
