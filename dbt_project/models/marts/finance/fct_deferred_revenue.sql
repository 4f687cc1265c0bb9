with revenue_lines as (
    select * from {{ ref('int_ledger__revenue_lines') }}
),

revenue_schedule as (
    select * from {{ ref('fct_revenue_schedule') }}
),

whole_numbers as (
    {{ whole_numbers(2401) }}
),

moves as (
    select revenue_line_id, currency, net_amount_cents, cast(date_trunc('month', billed_on) as date) as month_on, net_amount_cents as billed_cents, 0 as recognized_cents
    from revenue_lines
    union all
    select revenue_line_id, currency, net_amount_cents, month_on, 0, recognized_amount_cents
    from revenue_schedule
),

line_months as (
    select revenue_line_id, currency, net_amount_cents, month_on, sum(billed_cents) as billed_cents, sum(recognized_cents) as recognized_cents
    from moves
    group by revenue_line_id, currency, net_amount_cents, month_on
),

positions as (
    select
        *,
        {{ running_sum('billed_cents - recognized_cents', 'revenue_line_id', 'month_on') }} as position_cents,
        {{ running_sum('billed_cents - recognized_cents', 'revenue_line_id', 'month_on') }} - (billed_cents - recognized_cents) as earlier_position_cents
    from line_months
),

-- A line is billed ahead of its service (deferred) or served ahead of its bill (unbilled), never both.
changes as (
    select
        currency, month_on, billed_cents, recognized_cents,
        case when (position_cents > 0) = (net_amount_cents > 0) then position_cents else 0 end
        - case when (earlier_position_cents > 0) = (net_amount_cents > 0) then earlier_position_cents else 0 end as deferred_change_cents
    from positions
),

currency_months as (
    select
        currency, month_on, sum(billed_cents) as billed_cents, sum(recognized_cents) as recognized_cents, sum(deferred_change_cents) as deferred_change_cents
    from changes
    group by currency, month_on
),

spans as (
    select
        currency, min(month_on) as first_month_on,
        12 * (year(max(month_on)) - year(min(month_on))) + month(max(month_on)) - month(min(month_on)) as further_months
    from currency_months
    group by currency
),

-- Every month from the first to the last, also one in which nothing moves.
calendar as (
    select spans.currency, {{ plus_months('spans.first_month_on', 'whole_numbers.n') }} as month_on
    from spans
    inner join whole_numbers on whole_numbers.n <= spans.further_months
),

filled as (
    select
        calendar.currency, calendar.month_on,
        coalesce(currency_months.billed_cents, 0) as billed_cents,
        coalesce(currency_months.recognized_cents, 0) as recognized_cents,
        coalesce(currency_months.deferred_change_cents, 0) as deferred_change_cents,
        coalesce(currency_months.deferred_change_cents - currency_months.billed_cents + currency_months.recognized_cents, 0) as unbilled_change_cents
    from calendar
    left join currency_months on calendar.currency = currency_months.currency and calendar.month_on = currency_months.month_on
),

final as (
    select
        currency, month_on,
        {{ cents(running_sum('deferred_change_cents', 'currency', 'month_on') ~ ' - deferred_change_cents') }} as opening_deferred_amount_cents,
        {{ cents(running_sum('unbilled_change_cents', 'currency', 'month_on') ~ ' - unbilled_change_cents') }} as opening_unbilled_amount_cents,
        {{ cents('billed_cents') }} as billed_amount_cents,
        {{ cents('recognized_cents') }} as recognized_amount_cents,
        {{ cents(running_sum('deferred_change_cents', 'currency', 'month_on')) }} as closing_deferred_amount_cents,
        {{ cents(running_sum('unbilled_change_cents', 'currency', 'month_on')) }} as closing_unbilled_amount_cents
    from filled
)

select * from final
