with window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where pay_in_advance and window_state in ('open', 'checked')
),

window_days as (
    select * from {{ ref('int_metering__window_days') }}
),

quantities as (
    select * from {{ ref('int_metering__quantities') }}
),

advance_states as (
    select * from {{ ref('int_metering__advance_states') }}
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

original_filters as (
    select distinct charge_filter_id, original_charge_filter_id from charge_filters
),

totals as (
    select
        quantities.usage_id,
        quantities.full_units as total_units,
        window_charges.prorated,
        window_days.window_days,
        window_days.period_days,
        coalesce(advance_states.current_after, {{ quantity('0') }}) as current_units,
        coalesce(advance_states.peak_after, {{ quantity('0') }}) as peak_units,
        coalesce(advance_states.priced_peak_after, {{ quantity('0') }}) as priced_peak_units
    from quantities
    inner join window_charges on quantities.window_charge_id = window_charges.window_charge_id
    inner join window_days on quantities.window_charge_id = window_days.window_charge_id
    left join original_filters on quantities.charge_filter_id = original_filters.charge_filter_id
    left join advance_states
        on quantities.window_charge_id = advance_states.window_charge_id
        and coalesce(original_filters.original_charge_filter_id, '') = coalesce(advance_states.original_charge_filter_id, '')
        and coalesce(quantities.group_key, '') = coalesce(advance_states.group_key, '')
),

carried as (
    select
        *,
        {{ quantity('case when total_units > 0 then total_units else 0 end - case when current_units > 0 then current_units else 0 end') }} as carried_units
    from totals
),

-- What was paid for never shrinks: the peak of the period on top of what it began with (rating, section 5.4). Only a part of a
-- period has a share to round up.
final as (
    select
        usage_id,
        case
            when not prorated then {{ quantity('total_units - current_units + peak_units') }}
            when window_days < period_days then {{ quantity(ceil_share('carried_units', 'window_days', 'period_days') ~ ' + priced_peak_units') }}
            else {{ quantity('carried_units + priced_peak_units') }}
        end as units,
        {{ quantity('case when total_units > 0 then total_units else 0 end') }} as full_units
    from carried
)

select * from final
