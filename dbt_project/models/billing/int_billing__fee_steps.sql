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

late_fees as (
    select * from {{ ref('int_billing__late_fees') }}
),

charge_tiers as (
    select * from {{ ref('int_rating__charge_tiers') }}
),

charge_true_ups as (select * from {{ ref('int_billing__charge_true_ups') }}),

adjusted_fees as (select * from {{ ref('int_billing__adjusted_fees') }} where charge_model is not null),

-- A fee is one quantity, or the difference of two: what was there before is taken off, step by step.
sides as (
    select usage_id as fee_id, usage_id, 1 as factor from charges
    union all
    select window_fixed_charge_id, usage_id, case side when 'after' then 1 else -1 end from fixed_charge_quantities
    union all
    select fee_id, usage_id, case side when 'after' then 1 else -1 end from advance_quantities
    union all
    select fee_id, after_usage_id, 1 from late_fees
    union all
    select fee_id, before_usage_id, -1 from late_fees
),

-- Both sides of a change have the same price, so a position is the same step; a side without usage shows less of it, never more.
stepped as (
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
),

summed as (
    select fee_id, sum(amount) as amount, max(position) as position
    from stepped
    group by fee_id
),

-- What tops a charge up to its minimum is one step of one unit; what the plan before was paid is the last step, below zero. What late usage adds is the difference of two rounded amounts, less what the
-- charge's other buckets, or its minimum, give back. What people corrected of the amount stands last.
final as (
    select
        fee_id, position, step_kind, from_value, to_value, units, per_unit_amount, rate, package_size, flat_count, flat_amount, per_unit_total_amount, amount
    from stepped
    union all
    select
        late_fees.fee_id, coalesce(summed.position, 0) + 1, 'offset', null, null, {{ quantity('0') }}, null, null, null, {{ quantity('0') }}, {{ quantity('0') }},
        {{ working('late_fees.own_amount - coalesce(summed.amount, 0)') }}, {{ working('late_fees.own_amount - coalesce(summed.amount, 0)') }}
    from late_fees
    left join summed on late_fees.fee_id = summed.fee_id
    where late_fees.own_amount <> coalesce(summed.amount, 0)
    union all
    select
        fee_id, 1, 'true_up', null, null, {{ quantity('1') }}, null, null, null, {{ quantity('0') }}, {{ quantity('0') }}, amount, amount
    from charge_true_ups
    union all
    select
        deductions.window_fixed_charge_id, summed.position + 1, 'paid_before', null, null, {{ quantity('0') }}, null, null, null, {{ quantity('0') }}, {{ quantity('0') }},
        {{ working('-deductions.amount') }}, {{ working('-deductions.amount') }}
    from deductions
    inner join summed on deductions.window_fixed_charge_id = summed.fee_id
    union all
    select
        fee_id, cast(1000000 as bigint), 'adjustment', null, null, {{ quantity('0') }}, null, null, null, {{ quantity('0') }}, {{ quantity('0') }},
        {{ working('precise_amount - computed_amount') }}, {{ working('precise_amount - computed_amount') }}
    from adjusted_fees
    where precise_amount <> computed_amount
)

select * from final
