with lifetime_usage as (
    select * from {{ ref('int_billing__lifetime_usage') }}
),

applicable_thresholds as (
    select * from {{ ref('int_billing__applicable_thresholds') }}
),

measured as (
    select
        lifetime_usage.subscription_id,
        lifetime_usage.total_amount_cents,
        applicable_thresholds.amount_cents,
        applicable_thresholds.is_recurring,
        applicable_thresholds.base_amount_cents,
        {{ whole_steps('lifetime_usage.total_amount_cents', 'applicable_thresholds.base_amount_cents', 'applicable_thresholds.amount_cents') }} as steps
    from lifetime_usage
    inner join applicable_thresholds on lifetime_usage.subscription_id = applicable_thresholds.moment_id
),

-- Each threshold with where the way to it begins; of a recurring one the step reached last and the next.
stretches as (
    select
        subscription_id, total_amount_cents, is_recurring, amount_cents as to_cents,
        coalesce(lag(amount_cents) over (partition by subscription_id order by amount_cents), 0) as from_cents
    from measured
    where not is_recurring
    union all
    select subscription_id, total_amount_cents, is_recurring, base_amount_cents + steps * amount_cents, base_amount_cents + (steps - 1) * amount_cents
    from measured
    where is_recurring and steps > 0
    union all
    select subscription_id, total_amount_cents, is_recurring, base_amount_cents + (steps + 1) * amount_cents, base_amount_cents + steps * amount_cents
    from measured
    where is_recurring
),

final as (
    select
        subscription_id,
        {{ cents('to_cents') }} as amount_cents,
        is_recurring,
        {{ working('case when total_amount_cents >= to_cents then 1 when total_amount_cents <= from_cents then 0 else ' ~ unscaled(div_round('(total_amount_cents - from_cents) * 1000000000000000', '(to_cents - from_cents)'), 15) ~ ' end') }} as completion_ratio
    from stretches
)

select * from final
