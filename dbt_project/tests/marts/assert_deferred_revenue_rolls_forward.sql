-- Fails if a month of the roll-forward does not add up, does not open as the month before closed, or anything stays unearned after the last.
{{ checks('fct_deferred_revenue') }}
with months as (
    select
        *,
        lag(closing_deferred_amount_cents) over (partition by currency order by month_on) as deferred_before_cents,
        lag(closing_unbilled_amount_cents) over (partition by currency order by month_on) as unbilled_before_cents,
        lead(month_on) over (partition by currency order by month_on) as next_month_on
    from {{ ref('fct_deferred_revenue') }}
)

select currency, month_on
from months
where opening_deferred_amount_cents - opening_unbilled_amount_cents + billed_amount_cents - recognized_amount_cents
    is distinct from closing_deferred_amount_cents - closing_unbilled_amount_cents
    or opening_deferred_amount_cents is distinct from coalesce(deferred_before_cents, 0)
    or opening_unbilled_amount_cents is distinct from coalesce(unbilled_before_cents, 0)
    or (next_month_on is null and (closing_deferred_amount_cents <> 0 or closing_unbilled_amount_cents <> 0))
