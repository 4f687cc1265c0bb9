with fees as (
    select * from {{ ref('int_billing__fees') }} where fee_type <> 'credit'
),

fee_tax_rates as (
    select * from {{ ref('int_billing__fee_tax_rates') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }}
),

invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

standalone_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

rates as (
    select fee_id, sum(tax_rate) as tax_rate
    from fee_tax_rates
    group by fee_id
),

-- Usage of the running periods, and bills that are drafts or wait to be issued. What is charged in advance has its bill at once.
pending as (
    select
        fees.customer_id, fees.currency, fees.fee_type, fees.billable_metric_id, fees.amount_cents,
        {{ share('fees.precise_amount * currencies.minor_units') }} as precise_cents,
        coalesce(rates.tax_rate, 0) as tax_rate
    from fees
    inner join currencies on fees.currency = currencies.currency
    left join rates on fees.fee_id = rates.fee_id
    left join charges on fees.charge_id = charges.charge_id and {{ known_at('charges', 'fees.horizon_at') }}
    left join invoices on fees.invoice_id = invoices.invoice_id
    left join standalone_fees on fees.fee_id = standalone_fees.fee_id
    where invoices.invoice_id is null and standalone_fees.fee_id is null
        and ((fees.fee_state = 'open' and fees.fee_type = 'charge' and not charges.pay_in_advance) or (fees.fee_state in ('draft', 'due') and fees.invoice_id is not null))
),

summed as (
    select
        customer_id, currency, fee_type, billable_metric_id,
        {{ working('sum(amount_cents + ' ~ percentage_of('precise_cents', 'tax_rate') ~ ')') }} as payable_cents
    from pending
    group by customer_id, currency, fee_type, billable_metric_id
),

final as (
    select
        customer_id, currency, fee_type, billable_metric_id, payable_cents,
        row_number() over (partition by customer_id, currency order by payable_cents desc, fee_type, billable_metric_id) as bucket_position
    from summed
    where payable_cents > 0
)

select * from final
