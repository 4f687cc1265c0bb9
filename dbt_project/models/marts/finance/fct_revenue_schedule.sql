with revenue_lines as (
    select * from {{ ref('int_ledger__revenue_lines') }}
),

whole_numbers as (
    {{ whole_numbers(1201) }}
),

counted as (
    select
        revenue_lines.*,
        cast(date_trunc('month', service_from_on) as date) as first_month_on,
        {{ days_between('service_from_on', 'service_to_on') }} + 1 as service_days,
        12 * (year(service_to_on) - year(service_from_on)) + month(service_to_on) - month(service_from_on) as further_months
    from revenue_lines
),

months as (
    select
        counted.*,
        {{ plus_months('counted.first_month_on', 'whole_numbers.n') }} as month_on,
        {{ plus_months('counted.first_month_on', 'whole_numbers.n + 1') }} as next_month_on
    from counted
    inner join whole_numbers on whole_numbers.n <= counted.further_months
),

-- Days of service before the month, and up to its end.
placed as (
    select
        *,
        case when month_on > service_from_on then {{ days_between('service_from_on', 'month_on') }} else 0 end as days_before,
        case when next_month_on > service_to_on then service_days else {{ days_between('service_from_on', 'next_month_on') }} end as days_through
    from months
),

-- What is recognised up to a day is rounded, and a month has the difference: its parts sum to the line.
final as (
    select
        revenue_line_id, invoice_id, customer_id, subscription_id, line_type, currency, month_on, net_amount_cents,
        {{ cents('days_through - days_before') }} as service_days,
        {{ cents(div_round('cast(net_amount_cents as decimal(38, 0)) * days_through', 'service_days') ~ ' - ' ~ div_round('cast(net_amount_cents as decimal(38, 0)) * days_before', 'service_days')) }} as recognized_amount_cents
    from placed
)

select * from final
