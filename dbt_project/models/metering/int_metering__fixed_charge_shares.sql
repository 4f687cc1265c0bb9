with window_fixed_charges as (
    select * from {{ ref('int_metering__window_fixed_charges') }} where prorated and billing_side <> 'change'
),

candidates as (
    select * from {{ ref('int_metering__fixed_charge_candidates') }}
),

dated as (
    select
        candidates.window_fixed_charge_id,
        candidates.units,
        candidates.effective_at,
        candidates.made_number,
        window_fixed_charges.last_on,
        window_fixed_charges.period_days,
        case
            when candidates.is_opening then window_fixed_charges.first_on
            else {{ local_date('candidates.effective_at', 'window_fixed_charges.timezone') }}
        end as holds_from_on,
        min(candidates.effective_at) over (
            partition by candidates.window_fixed_charge_id order by candidates.made_number rows between 1 following and unbounded following
        ) as later_effective_at
    from window_fixed_charges
    inner join candidates on window_fixed_charges.window_fixed_charge_id = candidates.window_fixed_charge_id
),

-- A change that a later one overtakes, by taking effect earlier, never holds.
surviving as (
    select *, lead(holds_from_on) over (partition by window_fixed_charge_id order by made_number) as next_from_on
    from dated
    where later_effective_at is null or later_effective_at >= effective_at
),

counted as (
    select
        *,
        {{ days_between('holds_from_on', 'case when next_from_on is null then ' ~ plus_days('last_on', 1) ~ ' else next_from_on end') }} as held_days
    from surviving
),

final as (
    select
        window_fixed_charge_id,
        made_number,
        holds_from_on,
        held_days,
        units,
        case when units > 0 then {{ prorated_units('units', 'held_days', 'period_days') }} else {{ quantity('0') }} end as prorated_units
    from counted
)

select * from final
