with prorated_moves as (
    select * from {{ ref('int_rating__prorated_moves') }}
),

priced_tiers as (
    select * from {{ ref('int_rating__priced_tiers') }} where charge_model = 'graduated' and prorated
),

-- The first tier takes everything below its bound too, the last everything above.
bounded as (
    select usage_id, position, per_unit_amount, to_value, case when position > 1 then lower_value end as lower_value
    from priced_tiers
),

clipped as (
    select
        prorated_moves.usage_id,
        bounded.position,
        bounded.per_unit_amount,
        prorated_moves.event_number,
        prorated_moves.change_quantity,
        prorated_moves.prorated_quantity,
        {{ between_bounds('prorated_moves.before_units', 'bounded.lower_value', 'bounded.to_value') }} as before_units,
        {{ between_bounds('prorated_moves.after_units', 'bounded.lower_value', 'bounded.to_value') }} as after_units
    from prorated_moves
    inner join bounded on prorated_moves.usage_id = bounded.usage_id
),

sliced as (
    select
        usage_id, position, per_unit_amount, event_number, change_quantity, prorated_quantity,
        {{ quantity('after_units - before_units') }} as slice_units
    from clipped
),

-- A move within one tier has its prorated units whole; only a move over a bound is divided. Full units that end at zero
-- leave prorated units in the first tier.
final as (
    select
        usage_id,
        position,
        event_number,
        slice_units = change_quantity as is_whole,
        case when slice_units = change_quantity then prorated_quantity else {{ quantity(proportion(working('slice_units'), 'prorated_quantity', 'change_quantity')) }} end as prorated_units,
        case when slice_units = change_quantity then {{ working('0') }} else {{ proportion(times('slice_units', 'per_unit_amount'), 'prorated_quantity', 'change_quantity') }} end as divided_amount
    from sliced
    where slice_units <> 0 or (change_quantity = 0 and position = 1)
)

select * from final
