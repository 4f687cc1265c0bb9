with window_fixed_charges as (
    select * from {{ ref('int_metering__window_fixed_charges') }}
),

candidates as (
    select * from {{ ref('int_metering__fixed_charge_candidates') }}
),

shares as (
    select * from {{ ref('int_metering__fixed_charge_shares') }}
),

latest as (
    select window_fixed_charge_id, units from candidates where recency = 1
),

-- What a period's opening and its earlier changes have billed is the most units there were: a decrease gives nothing back.
billed as (
    select window_fixed_charge_id, max(units) as units from candidates where recency > 1 group by window_fixed_charge_id
),

held as (
    select window_fixed_charge_id, {{ quantity('sum(prorated_units)') }} as units from shares group by window_fixed_charge_id
),

resolved as (
    select
        window_fixed_charges.*,
        latest.units is not null as is_in_force,
        coalesce(latest.units, {{ quantity('0') }}) as latest_units,
        coalesce(held.units, {{ quantity('0') }}) as held_units,
        billed.units as billed_units,
        coalesce(billed.units, {{ quantity('0') }}) as base_units,
        case when latest.units > coalesce(billed.units, 0) then {{ quantity('latest.units - coalesce(billed.units, 0)') }} else {{ quantity('0') }} end as added_units,
        {{ days_between('first_on', 'last_on') }} + 1 as window_days
    from window_fixed_charges
    left join latest on window_fixed_charges.window_fixed_charge_id = latest.window_fixed_charge_id
    left join billed on window_fixed_charges.window_fixed_charge_id = billed.window_fixed_charge_id
    left join held on window_fixed_charges.window_fixed_charge_id = held.window_fixed_charge_id
),

-- A change inside a period adds to what the period has billed: it is priced as the difference of after and before.
sides as (
    select
        window_fixed_charge_id as usage_id, 'after' as side, window_fixed_charge_id, fixed_charge_id, charge_model, currency, prorated, horizon_at, window_state, is_in_force,
        case
            when billing_side = 'change' and prorated then {{ quantity('base_units + ' ~ prorated_units('added_units', 'window_days', 'period_days')) }}
            when billing_side = 'change' then {{ quantity('base_units + added_units') }}
            when prorated then held_units
            else latest_units
        end as units,
        case when billing_side = 'change' then {{ quantity('base_units + added_units') }} else latest_units end as full_units
    from resolved
    union all
    select
        {{ deterministic_id(["'before'", 'window_fixed_charge_id']) }}, 'before', window_fixed_charge_id, fixed_charge_id, charge_model, currency, prorated, horizon_at,
        window_state, is_in_force, billed_units, billed_units
    from resolved
    where billing_side = 'change' and billed_units is not null
),

final as (
    select
        usage_id, side, window_fixed_charge_id, fixed_charge_id, charge_model, currency, prorated, horizon_at, window_state, is_in_force, units, full_units
    from sides
)

select * from final
