with usage_totals as (
    select * from {{ ref('int_billing__usage_totals') }}
),

threshold_marks as (
    select * from {{ ref('int_billing__threshold_marks') }}
),

applicable_thresholds as (
    select * from {{ ref('int_billing__applicable_thresholds') }}
),

measured as (
    select
        usage_totals.usage_check_id, usage_totals.lifetime_id, usage_totals.subscription_id, usage_totals.checked_at, usage_totals.is_recorded,
        usage_totals.historical_amount_cents + usage_totals.invoiced_amount_cents + threshold_marks.marked_amount_cents as done_cents,
        usage_totals.historical_amount_cents + usage_totals.invoiced_amount_cents + usage_totals.current_amount_cents as total_cents
    from usage_totals
    inner join threshold_marks on usage_totals.usage_check_id = threshold_marks.usage_check_id
),

-- A recurring threshold stands at every whole step above the largest fixed one.
placed as (
    select
        measured.*,
        applicable_thresholds.usage_threshold_id, applicable_thresholds.threshold_display_name, applicable_thresholds.amount_cents,
        applicable_thresholds.is_recurring, applicable_thresholds.base_amount_cents,
        {{ whole_steps('measured.done_cents', 'applicable_thresholds.base_amount_cents', 'applicable_thresholds.amount_cents') }} as done_steps,
        {{ whole_steps('measured.total_cents', 'applicable_thresholds.base_amount_cents', 'applicable_thresholds.amount_cents') }} as total_steps
    from measured
    inner join applicable_thresholds on measured.usage_check_id = applicable_thresholds.moment_id
),

-- Passed once: what was done lies below, the total at or above. Several steps passed together are one crossing.
final as (
    select
        usage_check_id, lifetime_id, subscription_id, checked_at, usage_threshold_id, threshold_display_name, amount_cents, is_recurring,
        {{ cents('case when is_recurring then base_amount_cents + total_steps * amount_cents else amount_cents end') }} as reached_amount_cents,
        {{ cents('total_cents') }} as lifetime_amount_cents
    from placed
    where not is_recorded
        and ((not is_recurring and done_cents < amount_cents and amount_cents <= total_cents) or (is_recurring and done_steps < total_steps))
)

select * from final
