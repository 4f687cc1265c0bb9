with sql_charge_usage as (
    select * from {{ ref('int_rating__sql_charge_usage') }} where sql_charge = 'storage_zones'
),

sql_charge_events as (
    select * from {{ ref('int_rating__sql_charge_events') }}
),

parameters as (
    select * from {{ ref('int_rating__sql_charge_parameters') }} where name = 'ranges'
),

ranges as (
    select
        price_id, position,
        {{ quantity("max(case when key = 'from' then value_number end)") }} as from_value,
        {{ quantity("max(case when key = 'to' then value_number end)") }} as to_value
    from parameters
    group by price_id, position
),

totals as (
    select
        sql_charge_usage.usage_id, sql_charge_usage.price_id, sql_charge_events.change_quantity,
        {{ json_text('sql_charge_events.properties', "'storage_zone'") }} as zone,
        {{ quantity('sum(sql_charge_events.change_quantity) over (partition by sql_charge_events.usage_id order by sql_charge_events.event_number rows unbounded preceding)') }} as total_after
    from sql_charge_events
    inner join sql_charge_usage on sql_charge_events.usage_id = sql_charge_usage.usage_id
),

-- An event is priced in the range in which the running total ends, and there only what it adds inside that range.
placed as (
    select
        totals.usage_id, totals.price_id, totals.zone, ranges.position, ranges.from_value, ranges.to_value,
        case when totals.total_after - totals.change_quantity < ranges.from_value then totals.total_after - ranges.from_value else totals.change_quantity end as units
    from totals
    inner join ranges
        on totals.price_id = ranges.price_id
        and totals.total_after > ranges.from_value
        and (ranges.to_value is null or totals.total_after <= ranges.to_value)
    where totals.change_quantity > 0
),

priced as (
    select
        placed.usage_id, placed.position as range_position, placed.zone, placed.from_value, placed.to_value,
        parameters.value_number as per_unit_amount,
        {{ quantity('sum(placed.units)') }} as units
    from placed
    inner join parameters
        on placed.price_id = parameters.price_id and placed.position = parameters.position and placed.zone = parameters.key
    where parameters.value_number is not null
    group by placed.usage_id, placed.position, placed.zone, placed.from_value, placed.to_value, parameters.value_number
),

final as (
    select
        usage_id,
        row_number() over (partition by usage_id order by range_position, zone) as position,
        from_value, to_value, units, per_unit_amount,
        {{ quantity('0') }} as flat_amount,
        {{ times('units', 'per_unit_amount') }} as amount
    from priced
)

select * from final
