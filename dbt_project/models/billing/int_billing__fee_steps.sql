with charges as (
    select * from {{ ref('int_rating__charges') }} where usage_kind in ('period', 'renewal')
),

fixed_charge_quantities as (
    select * from {{ ref('int_metering__fixed_charge_quantities') }} where window_state <> 'paid'
),

deductions as (
    select * from {{ ref('int_billing__fixed_charge_deductions') }}
),

advance_quantities as (
    select * from {{ ref('int_metering__advance_quantities') }}
),

charge_tiers as (
    select * from {{ ref('int_rating__charge_tiers') }}
),

charge_true_ups as (
    select * from {{ ref('int_billing__charge_true_ups') }}
),

-- A fee is one quantity, or the difference of two: what was there before is taken off, step by step.
sides as (
    select usage_id as fee_id, usage_id, 1 as factor from charges
    union all
    select window_fixed_charge_id, usage_id, case side when 'after' then 1 else -1 end from fixed_charge_quantities
    union all
    select fee_id, usage_id, case side when 'after' then 1 else -1 end from advance_quantities
),

last_steps as (
    select sides.fee_id, max(charge_tiers.position) as position
    from sides
    inner join charge_tiers on sides.usage_id = charge_tiers.usage_id
    group by sides.fee_id
),

-- What tops a charge up to its minimum is one step of one unit; what the plan before was paid is the last step, below zero. Both sides of a
-- change have the same price, so a position is the same step; a side without usage shows less of it, never more.
final as (
    select
        sides.fee_id,
        charge_tiers.position,
        max(charge_tiers.step_kind) as step_kind,
        max(charge_tiers.from_value) as from_value,
        max(charge_tiers.to_value) as to_value,
        {{ quantity('sum(sides.factor * charge_tiers.units)') }} as units,
        max(charge_tiers.per_unit_amount) as per_unit_amount,
        max(charge_tiers.rate) as rate,
        max(charge_tiers.package_size) as package_size,
        {{ quantity('sum(sides.factor * charge_tiers.flat_count)') }} as flat_count,
        max(charge_tiers.flat_amount) as flat_amount,
        {{ working('sum(sides.factor * charge_tiers.per_unit_total_amount)') }} as per_unit_total_amount,
        {{ working('sum(sides.factor * charge_tiers.amount)') }} as amount
    from sides
    inner join charge_tiers on sides.usage_id = charge_tiers.usage_id
    group by sides.fee_id, charge_tiers.position
    union all
    select
        fee_id, 1, 'true_up', null, null, {{ quantity('1') }}, null, null, null, {{ quantity('0') }}, {{ quantity('0') }}, amount, amount
    from charge_true_ups
    union all
    select
        deductions.window_fixed_charge_id, last_steps.position + 1, 'paid_before', null, null, {{ quantity('0') }}, null, null, null, {{ quantity('0') }}, {{ quantity('0') }},
        {{ working('-deductions.amount') }}, {{ working('-deductions.amount') }}
    from deductions
    inner join last_steps on deductions.window_fixed_charge_id = last_steps.fee_id
)

select * from final
