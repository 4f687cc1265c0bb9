with coupon_candidates as (
    select * from {{ ref('int_billing__coupon_candidates') }}
),

coupon_lines as (
    select * from {{ ref('int_billing__coupon_lines') }}
),

settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

coupon_uses as (
    select * from {{ source('settlement', 'coupon_uses') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

bases as (
    select invoice_id, applied_coupon_id, sum(remaining_cents) as base_cents
    from coupon_lines
    group by invoice_id, applied_coupon_id
),

used as (
    select invoice_id, sum(amount_cents) as amount_cents
    from coupon_uses
    group by invoice_id
),

credited as (
    select invoice_id, sum(progressive_billing_credit_amount_cents) as credit_cents
    from progressive_credits
    group by invoice_id
),

limited as (
    select
        coupon_candidates.invoice_id, coupon_candidates.applied_coupon_id, coupon_candidates.issued_at, coupon_candidates.queue_position,
        coupon_candidates.applied_at, coupon_candidates.percentage_rate, coupon_candidates.amount_cents, coupon_candidates.capacity,
        coupon_candidates.is_spent_by_amount,
        bases.base_cents,
        {{ cents('settlement_queue.fees_amount_cents - coalesce(credited.credit_cents, 0) - coalesce(used.amount_cents, 0)') }} as sub_total_cents
    from bases
    inner join coupon_candidates
        on bases.invoice_id = coupon_candidates.invoice_id and bases.applied_coupon_id = coupon_candidates.applied_coupon_id
    inner join settlement_queue on bases.invoice_id = settlement_queue.invoice_id
    left join credited on bases.invoice_id = credited.invoice_id
    left join used on bases.invoice_id = used.invoice_id
),

-- A percentage is rounded, then capped at its base; a fixed amount takes whole cents of it (invoicing, sections 4.5 and 5).
wished as (
    select
        *,
        case
            when percentage_rate is not null then {{ round_cents(percentage_of('base_cents', 'percentage_rate')) }}
            else amount_cents
        end as full_cents,
        case when percentage_rate is not null then cast(ceil(base_cents) as bigint) else cast(floor(base_cents) as bigint) end as base_limit_cents
    from limited
),

final as (
    select
        invoice_id, applied_coupon_id, issued_at, queue_position, applied_at, capacity, is_spent_by_amount, sub_total_cents,
        {{ cents('case when full_cents <= base_limit_cents and full_cents <= sub_total_cents then full_cents when base_limit_cents <= sub_total_cents then base_limit_cents else sub_total_cents end') }} as wish_cents
    from wished
    where sub_total_cents > 0 and base_cents > 0
)

select * from final
