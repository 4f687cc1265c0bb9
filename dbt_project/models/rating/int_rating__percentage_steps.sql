with percentage_parts as (
    select * from {{ ref('int_rating__percentage_parts') }}
),

-- What was free, the percentage, the fixed amounts, and what the minimum and maximum per event changed.
final as (
    select
        usage_id,
        cast(1 as bigint) as position,
        'free' as step_kind,
        free_units as units,
        cast(null as decimal(38, 12)) as rate,
        free_events as flat_count,
        {{ quantity('0') }} as flat_amount,
        {{ working('0') }} as per_unit_total_amount,
        {{ working('0') }} as amount
    from percentage_parts
    union all
    select usage_id, 2, 'rate', paid_units, rate, {{ quantity('0') }}, {{ quantity('0') }}, per_unit_total_amount, per_unit_total_amount
    from percentage_parts
    union all
    select usage_id, 3, 'fixed_fee', {{ quantity('0') }}, null, paid_events, fixed_fee_unit_amount, {{ working('0') }}, fixed_fee_total_amount
    from percentage_parts
    union all
    select usage_id, 4, 'min_max', {{ quantity('0') }}, null, {{ quantity('0') }}, {{ quantity('0') }}, {{ working('0') }}, min_max_adjustment_amount
    from percentage_parts
)

select * from final
