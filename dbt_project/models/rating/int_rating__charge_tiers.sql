{%- set nothing = 'cast(null as decimal(38, 12))' -%}
with standard_charges as (
    select * from {{ ref('int_rating__standard_charges') }}
),

graduated_tiers as (
    select * from {{ ref('int_rating__graduated_tiers') }}
),

graduated_percentage_tiers as (
    select * from {{ ref('int_rating__graduated_percentage_tiers') }}
),

volume_tiers as (
    select * from {{ ref('int_rating__volume_tiers') }}
),

package_steps as (
    select * from {{ ref('int_rating__package_steps') }}
),

percentage_steps as (
    select * from {{ ref('int_rating__percentage_steps') }}
),

dynamic_charges as (
    select * from {{ ref('int_rating__dynamic_charges') }}
),

custom_steps as (
    select * from {{ ref('int_rating__custom_steps') }}
),

-- An amount is units at a price (or rate) plus a flat amount as often as it is due.
final as (
    select
        usage_id, cast(1 as bigint) as position, 'units' as step_kind, {{ nothing }} as from_value, {{ nothing }} as to_value,
        units, per_unit_amount, {{ nothing }} as rate, {{ nothing }} as package_size, {{ quantity('0') }} as flat_count,
        {{ quantity('0') }} as flat_amount, amount as per_unit_total_amount, amount
    from standard_charges
    union all
    select
        usage_id, position, step_kind, from_value, to_value,
        units, per_unit_amount, {{ nothing }}, {{ nothing }}, {{ quantity("case when step_kind = 'floor' then 0 else 1 end") }},
        flat_amount, per_unit_total_amount, amount
    from graduated_tiers
    union all
    select
        usage_id, position, 'rate_tier', from_value, to_value,
        units, {{ nothing }}, rate, {{ nothing }}, {{ quantity('1') }},
        flat_amount, per_unit_total_amount, amount
    from graduated_percentage_tiers
    union all
    select
        usage_id, position, 'volume_tier', from_value, to_value,
        full_units, per_unit_amount, {{ nothing }}, {{ nothing }}, {{ quantity('1') }},
        flat_amount, per_unit_total_amount, amount
    from volume_tiers
    union all
    select
        usage_id, position, step_kind, {{ nothing }}, {{ nothing }},
        units, {{ nothing }}, {{ nothing }}, package_size, flat_count,
        flat_amount, {{ working('0') }}, amount
    from package_steps
    union all
    select
        usage_id, position, step_kind, {{ nothing }}, {{ nothing }},
        units, {{ nothing }}, rate, {{ nothing }}, flat_count,
        flat_amount, per_unit_total_amount, amount
    from percentage_steps
    union all
    select
        usage_id, 1, 'event_amounts', {{ nothing }}, {{ nothing }},
        units, {{ nothing }}, {{ nothing }}, {{ nothing }}, {{ quantity('0') }},
        {{ quantity('0') }}, {{ working('0') }}, amount
    from dynamic_charges
    union all
    select
        usage_id, position, 'sql_step', from_value, to_value,
        units, per_unit_amount, {{ nothing }}, {{ nothing }}, {{ quantity('1') }},
        flat_amount, {{ working('amount - flat_amount') }}, amount
    from custom_steps
)

select * from final
