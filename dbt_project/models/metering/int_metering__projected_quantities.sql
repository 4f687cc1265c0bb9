{{ config(materialized='view') }}
with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where window_state = 'open'
),

-- Today counts as gone by. What a period begins with, a level and a peak do not grow with time.
growing as (
    select
        window_charge_id,
        {{ days_between(local_date('from_at', 'timezone'), local_date('horizon_at', 'timezone')) }} + 1 as days_gone,
        {{ days_between(local_date('from_at', 'timezone'), last_day('to_at', 'timezone', 'ends_with_service')) }} + 1 as days_in_all
    from window_charges
    where not recurring and aggregation_type in ('count_agg', 'sum_agg', 'unique_count_agg', 'weighted_sum_agg', 'custom_agg')
),

matched as (
    select chargeable_quantities.*, growing.days_gone, growing.days_in_all, coalesce(growing.days_gone > 0, false) as grows
    from chargeable_quantities
    left join growing on chargeable_quantities.window_charge_id = growing.window_charge_id
),

final as (
    select
        usage_id, usage_kind, window_charge_id, charge_id, charge_filter_id, group_key, charge_model, currency, prorated, horizon_at,
        {{ prorated_units('units', 'days_in_all', 'days_gone') }} as units,
        {{ prorated_units('full_units', 'days_in_all', 'days_gone') }} as full_units,
        total_aggregated_units,
        cast(round({{ prorated_units(quantity('events_count'), 'days_in_all', 'days_gone') }}, 0) as bigint) as events_count,
        {{ prorated_units('precise_total_amount_cents', 'days_in_all', 'days_gone') }} as precise_total_amount_cents,
        through_event_number
    from matched
    where grows
    union all
    select
        usage_id, usage_kind, window_charge_id, charge_id, charge_filter_id, group_key, charge_model, currency, prorated, horizon_at,
        units, full_units, total_aggregated_units, events_count, precise_total_amount_cents, through_event_number
    from matched
    where not grows
)

select * from final
