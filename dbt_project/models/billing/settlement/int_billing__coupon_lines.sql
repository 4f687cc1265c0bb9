with coupon_candidates as (
    select * from {{ ref('int_billing__coupon_candidates') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

coupon_shares as (
    select * from {{ source('settlement', 'coupon_shares') }}
),

fees as (
    select * from {{ ref('int_billing__fees') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

coupon_targets as (
    select * from {{ ref('stg_catalog__coupon_targets') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

shared as (
    select fee_id, sum(share_cents) as share_cents
    from coupon_shares
    group by fee_id
),

plan_families as (
    select distinct plan_id, plan_id as covering_plan_id from plans
    union
    select distinct plan_id, parent_id as covering_plan_id from plans where parent_id is not null
),

lines as (
    select
        coupon_candidates.invoice_id, coupon_candidates.applied_coupon_id, coupon_candidates.coupon_id, coupon_candidates.limitation,
        fees.fee_id, fees.plan_id, fees.billable_metric_id,
        {{ share('fees.amount_cents - coalesce(progressive_credits.progressive_billing_credit_amount_cents, 0) - coalesce(shared.share_cents, 0)') }} as remaining_cents
    from coupon_candidates
    inner join control on coupon_candidates.rank_number = control.rank_number
    inner join fees on coupon_candidates.invoice_id = fees.invoice_id
    left join progressive_credits on fees.fee_id = progressive_credits.fee_id
    left join shared on fees.fee_id = shared.fee_id
),

targets as (
    select distinct coupon_id, 'metric' as target_type, billable_metric_id as target_id from coupon_targets where billable_metric_id is not null
    union all
    select distinct coupon_targets.coupon_id, 'plan', plan_families.plan_id
    from coupon_targets
    inner join plan_families on coupon_targets.plan_id = plan_families.covering_plan_id
),

final as (
    select lines.invoice_id, lines.applied_coupon_id, lines.fee_id, lines.remaining_cents
    from lines
    where lines.limitation = 3
    union all
    select lines.invoice_id, lines.applied_coupon_id, lines.fee_id, lines.remaining_cents
    from lines
    inner join targets
        on lines.coupon_id = targets.coupon_id
        and ((lines.limitation = 1 and targets.target_type = 'metric' and lines.billable_metric_id = targets.target_id)
            or (lines.limitation = 2 and targets.target_type = 'plan' and lines.plan_id = targets.target_id))
)

select * from final
