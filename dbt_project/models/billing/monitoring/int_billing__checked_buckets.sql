with top_up_ticks as (
    select * from {{ ref('int_metering__top_up_ticks') }}
),

checked_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state = 'checked' and not pay_in_advance
),

fee_tax_rates as (
    select * from {{ ref('int_billing__fee_tax_rates') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

looks as (
    select distinct customer_id, checked_at from top_up_ticks
),

rates as (
    select fee_id, sum(tax_rate) as tax_rate
    from fee_tax_rates
    group by fee_id
),

pending as (
    select
        looks.customer_id, checked_amounts.currency, looks.checked_at, checked_amounts.billable_metric_id, checked_amounts.amount_cents,
        {{ share('checked_amounts.amount * currencies.minor_units') }} as precise_cents,
        coalesce(rates.tax_rate, 0) as tax_rate
    from looks
    inner join checked_amounts on looks.customer_id = checked_amounts.customer_id and looks.checked_at = checked_amounts.horizon_at
    inner join currencies on checked_amounts.currency = currencies.currency
    left join rates on checked_amounts.fee_id = rates.fee_id
),

summed as (
    select
        customer_id, currency, checked_at, billable_metric_id,
        {{ working('sum(amount_cents + ' ~ percentage_of('precise_cents', 'tax_rate') ~ ')') }} as payable_cents
    from pending
    group by customer_id, currency, checked_at, billable_metric_id
),

final as (
    select
        customer_id, currency, checked_at, 'charge' as fee_type, billable_metric_id, payable_cents,
        row_number() over (partition by customer_id, currency, checked_at order by payable_cents desc, billable_metric_id) as bucket_position
    from summed
    where payable_cents > 0
)

select * from final
