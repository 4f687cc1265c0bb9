with presented_events as (
    select * from {{ ref('int_metering__presented_events') }}
),

bucketed_events as (
    select * from {{ ref('int_metering__bucketed_events') }} where is_counted
),

contributions as (
    select * from {{ ref('int_metering__sql_metric_contributions') }}
),

window_charges as (
    select *, {{ window_end_microsecond('to_at', 'timezone') }} as ends_at_microsecond
    from {{ ref('int_metering__window_charges') }}
    where window_state not in ('checked', 'late')
),

quantities as (
    select * from {{ ref('int_metering__quantities') }}
),

placed as (
    select
        presented_events.window_charge_id, bucketed_events.charge_filter_id, bucketed_events.group_key, presented_events.presentation_key, presented_events.displayed_key,
        window_charges.aggregation_type, window_charges.rounding_function, {{ rounding_step('window_charges.rounding_precision') }} as rounding_step, window_charges.period_days,
        bucketed_events.is_before_window, bucketed_events.timestamp, bucketed_events.received_at, bucketed_events.received_sequence, bucketed_events.field_value,
        case when window_charges.aggregation_type = 'unique_count_agg' then bucketed_events.field_text end as counted_text,
        coalesce({{ json_text('bucketed_events.properties', "'operation_type'") }}, 'add') as operation_type,
        contributions.quantity as contributed_quantity,
        case when window_charges.aggregation_type = 'weighted_sum_agg' then {{ held_microseconds('bucketed_events', 'window_charges') }} end as held_microseconds
    from presented_events
    inner join window_charges on presented_events.window_charge_id = window_charges.window_charge_id
    inner join bucketed_events
        on presented_events.window_charge_id = bucketed_events.window_charge_id
        and presented_events.external_subscription_id = bucketed_events.external_subscription_id
        and presented_events.transaction_id = bucketed_events.transaction_id
    left join contributions
        on presented_events.window_charge_id = contributions.window_charge_id
        and presented_events.external_subscription_id = contributions.external_subscription_id
        and presented_events.transaction_id = contributions.transaction_id
    where window_charges.aggregation_type <> 'custom_agg' or contributions.quantity is not null
),

ranked as (
    select
        *,
        {{ recency('window_charge_id, charge_filter_id, group_key, presentation_key, counted_text') }} as recency
    from placed
),

-- Each group is what its metric makes of its events alone, as if it were priced apart.
aggregated as (
    select
        window_charge_id, charge_filter_id, group_key, presentation_key, displayed_key, rounding_function, rounding_step,
        count(case when not is_before_window then 1 end) as events_of_window,
        {{ quantity("case
            when aggregation_type = 'latest_agg' then max(case when recency = 1 then " ~ latest_units('field_value') ~ " end)
            when aggregation_type = 'unique_count_agg' then count(case when recency = 1 and operation_type <> 'remove' then 1 end)
            when aggregation_type = 'weighted_sum_agg' then " ~ weighted_units(million_microseconds(), rest_microseconds(), 'period_days') ~ "
            when aggregation_type = 'custom_agg' then sum(contributed_quantity)
            else " ~ additive_units() ~ "
        end") }} as units
    from ranked
    group by window_charge_id, charge_filter_id, group_key, presentation_key, displayed_key, aggregation_type, rounding_function, rounding_step, period_days
),

final as (
    select
        quantities.usage_id,
        quantities.window_charge_id,
        aggregated.presentation_key,
        aggregated.displayed_key,
        {{ round_quantity('aggregated.units', 'aggregated.rounding_function', 'aggregated.rounding_step') }} as units
    from quantities
    inner join aggregated
        on quantities.window_charge_id = aggregated.window_charge_id
        and coalesce(quantities.charge_filter_id, '') = coalesce(aggregated.charge_filter_id, '')
        and coalesce(quantities.group_key, '') = coalesce(aggregated.group_key, '')
    where aggregated.units <> 0 or aggregated.events_of_window > 0
)

select * from final
