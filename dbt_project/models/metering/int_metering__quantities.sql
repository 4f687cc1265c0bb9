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

metered as (
    select window_charge_id, charge_filter_id, group_key, events_count, units, precise_total_amount_cents from additive_quantities
    union all
    select window_charge_id, charge_filter_id, group_key, events_count, units, {{ working('0') }} from latest_quantities
    union all
    select window_charge_id, charge_filter_id, group_key, events_count, units, {{ working('0') }} from unique_quantities
),

-- A bucket without events is still rated: the first tier's flat fee may be due (rating, section 4.2).
complete as (
    select
        buckets.window_charge_id,
        buckets.charge_filter_id,
        case when metered.window_charge_id is null then buckets.empty_group_key else metered.group_key end as group_key,
        coalesce(metered.events_count, 0) as events_count,
        coalesce(metered.units, {{ quantity('0') }}) as units,
        coalesce(metered.precise_total_amount_cents, {{ working('0') }}) as precise_total_amount_cents
    from buckets
    left join metered
        on buckets.window_charge_id = metered.window_charge_id
        and coalesce(buckets.charge_filter_id, '') = coalesce(metered.charge_filter_id, '')
),

rounded as (
    select
        {{ deterministic_id(['complete.window_charge_id', "coalesce(complete.charge_filter_id, '')", "coalesce(complete.group_key, '')"]) }} as usage_id,
        complete.window_charge_id,
        complete.charge_filter_id,
        complete.group_key,
        complete.events_count,
        {{ round_quantity('complete.units', 'window_charges.rounding_function', 'window_charges.rounding_precision') }} as full_units,
        complete.precise_total_amount_cents
    from complete
    inner join window_charges on complete.window_charge_id = window_charges.window_charge_id
),

final as (
    select
        usage_id, window_charge_id, charge_filter_id, group_key, events_count,
        full_units as units,
        full_units,
        full_units as total_aggregated_units,
        precise_total_amount_cents
    from rounded
)

select * from final
