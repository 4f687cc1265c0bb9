with window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

buckets as (
    select * from {{ ref('int_metering__buckets') }}
),

additive_quantities as (
    select * from {{ ref('int_metering__additive_quantities') }}
),

latest_quantities as (
    select * from {{ ref('int_metering__latest_quantities') }}
),

unique_quantities as (
    select * from {{ ref('int_metering__unique_quantities') }}
),

weighted_quantities as (
    select * from {{ ref('int_metering__weighted_quantities') }}
),

sql_quantities as (
    select * from {{ ref('int_metering__sql_quantities') }}
),

prorated_quantities as (
    select * from {{ ref('int_metering__prorated_quantities') }}
),

metered as (
    select window_charge_id, charge_filter_id, group_key, events_count, units, cast(null as decimal(38, 12)) as level_at_end, precise_total_amount_cents from additive_quantities
    union all
    select window_charge_id, charge_filter_id, group_key, events_count, units, null, null from latest_quantities
    union all
    select window_charge_id, charge_filter_id, group_key, events_count, units, null, null from unique_quantities
    union all
    select window_charge_id, charge_filter_id, group_key, events_count, units, level_at_end, null from weighted_quantities
    union all
    select window_charge_id, charge_filter_id, group_key, events_count, units, null, null from sql_quantities
),

-- A bucket without events is still rated: the first tier's flat fee may be due (rating, section 4.2).
complete as (
    select
        buckets.window_charge_id,
        buckets.charge_filter_id,
        case when metered.window_charge_id is null then buckets.empty_group_key else metered.group_key end as group_key,
        coalesce(metered.events_count, 0) as events_count,
        coalesce(metered.units, {{ quantity('0') }}) as full_units,
        metered.level_at_end,
        coalesce(metered.precise_total_amount_cents, {{ quantity('0') }}) as precise_total_amount_cents
    from buckets
    left join metered
        on buckets.window_charge_id = metered.window_charge_id
        and coalesce(buckets.charge_filter_id, '') = coalesce(metered.charge_filter_id, '')
),

priced as (
    select
        complete.*,
        coalesce(prorated_quantities.units, complete.full_units) as priced_units,
        window_charges.rounding_function,
        {{ rounding_step('window_charges.rounding_precision') }} as rounding_step
    from complete
    inner join window_charges on complete.window_charge_id = window_charges.window_charge_id
    left join prorated_quantities
        on complete.window_charge_id = prorated_quantities.window_charge_id
        and coalesce(complete.charge_filter_id, '') = coalesce(prorated_quantities.charge_filter_id, '')
        and coalesce(complete.group_key, '') = coalesce(prorated_quantities.group_key, '')
),

-- What is priced and what is shown are rounded apart (rating, section 2).
rounded as (
    select
        *,
        {{ round_quantity('priced_units', 'rounding_function', 'rounding_step') }} as units,
        {{ round_quantity('full_units', 'rounding_function', 'rounding_step') }} as shown_units
    from priced
),

final as (
    select
        {{ deterministic_id(['window_charge_id', "coalesce(charge_filter_id, '')", "coalesce(group_key, '')"]) }} as usage_id,
        window_charge_id, charge_filter_id, group_key, events_count,
        units,
        shown_units as full_units,
        {{ quantity('coalesce(level_at_end, shown_units)') }} as total_aggregated_units,
        precise_total_amount_cents
    from rounded
)

select * from final
