with usage_totals as (
    select * from {{ ref('int_billing__usage_totals') }}
),

applicable_thresholds as (
    select * from {{ ref('int_billing__applicable_thresholds') }}
),

totals as (
    select
        usage_check_id, subscription_id, from_at, checked_at, current_amount_cents,
        historical_amount_cents + invoiced_amount_cents as settled_cents,
        historical_amount_cents + invoiced_amount_cents + current_amount_cents as total_cents
    from usage_totals
),

stepped as (
    select
        totals.*,
        applicable_thresholds.amount_cents,
        applicable_thresholds.is_recurring,
        applicable_thresholds.base_amount_cents,
        {{ whole_steps('totals.total_cents', 'applicable_thresholds.base_amount_cents', 'applicable_thresholds.amount_cents') }} as steps
    from totals
    left join applicable_thresholds on totals.usage_check_id = applicable_thresholds.moment_id
),

-- The highest threshold, or step of a recurring one, that the total has reached.
reached as (
    select
        usage_check_id, subscription_id, from_at, checked_at, current_amount_cents, settled_cents,
        coalesce(max(case
            when is_recurring and steps > 0 then base_amount_cents + amount_cents * steps
            when not is_recurring and amount_cents <= total_cents then amount_cents
        end), 0) as reached_cents
    from stepped
    group by usage_check_id, subscription_id, from_at, checked_at, current_amount_cents, settled_cents
),

compared as (
    select
        *,
        coalesce(lag(reached_cents) over (partition by subscription_id, from_at order by checked_at), 0) as reached_before_cents
    from reached
),

-- A period's usage is marked as billed each time that a higher threshold is reached by usage that is on no invoice.
marked as (
    select
        *,
        case when reached_cents > reached_before_cents and reached_cents > settled_cents then current_amount_cents else 0 end as mark_cents
    from compared
),

final as (
    select
        usage_check_id,
        {{ cents('coalesce(max(mark_cents) over (partition by subscription_id, from_at order by checked_at rows between unbounded preceding and 1 preceding), 0)') }} as marked_amount_cents
    from marked
)

select * from final
