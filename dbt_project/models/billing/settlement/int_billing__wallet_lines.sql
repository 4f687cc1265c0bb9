with settlement_totals as (
    select * from {{ ref('int_billing__settlement_totals') }} where invoice_type in ('subscription', 'progressive_billing')
),

fees as (
    select * from {{ ref('int_billing__fees') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

fee_tax_rates as (
    select * from {{ ref('int_billing__fee_tax_rates') }}
),

coupon_shares as (
    select * from {{ source('settlement', 'coupon_shares') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

credited as (
    select invoice_id, sum(amount_cents) as credited_cents from {{ source('settlement', 'credit_note_uses') }} group by invoice_id
),

shared as (
    select fee_id, sum(share_cents) as share_cents
    from coupon_shares
    group by fee_id
),

rates as (
    select fee_id, sum(tax_rate) as tax_rate
    from fee_tax_rates
    group by fee_id
),

discounted as (
    select
        fees.invoice_id, fees.fee_id, fees.fee_type, fees.billable_metric_id,
        settlement_totals.sub_total_including_taxes_amount_cents,
        coalesce(credited.credited_cents, 0) as credited_cents,
        coalesce(rates.tax_rate, 0) as tax_rate,
        {{ share('fees.amount_cents - coalesce(progressive_credits.progressive_billing_credit_amount_cents, 0) - coalesce(shared.share_cents, 0)') }} as amount_cents,
        {{ share('fees.precise_amount * currencies.minor_units - coalesce(progressive_credits.progressive_billing_credit_amount_cents, 0) - coalesce(shared.share_cents, 0)') }} as precise_cents
    from settlement_totals
    inner join fees on settlement_totals.invoice_id = fees.invoice_id
    inner join currencies on fees.currency = currencies.currency
    left join credited on settlement_totals.invoice_id = credited.invoice_id
    left join rates on fees.fee_id = rates.fee_id
    left join progressive_credits on fees.fee_id = progressive_credits.fee_id
    left join shared on fees.fee_id = shared.fee_id
),

-- A line is worth its rounded amount and the tax of its precise one; one worth nothing takes no part (invoicing, section 9.1).
valued as (
    select
        invoice_id, fee_id, fee_type, billable_metric_id, sub_total_including_taxes_amount_cents, credited_cents,
        {{ working('amount_cents + ' ~ percentage_of('precise_cents', 'tax_rate')) }} as worth_cents
    from discounted
),

-- Credit notes have paid their part of every line.
left_over as (
    select
        invoice_id, fee_id, fee_type, billable_metric_id, sub_total_including_taxes_amount_cents - credited_cents as sub_total_including_taxes_amount_cents,
        case when credited_cents = 0 then worth_cents else {{ working('worth_cents - ' ~ part_of('credited_cents', 'worth_cents', 'sub_total_including_taxes_amount_cents')) }} end as payable_cents
    from valued
),

bucketed as (
    select
        *,
        sum(payable_cents) over (partition by invoice_id, fee_type, billable_metric_id) as bucket_cents,
        {{ working('sub_total_including_taxes_amount_cents - sum(payable_cents) over (partition by invoice_id)') }} as gap_cents,
        count(*) over (partition by invoice_id) as line_count
    from left_over
    where payable_cents > 0
),

ordered as (
    select
        *,
        row_number() over (partition by invoice_id order by bucket_cents desc, fee_type, billable_metric_id, payable_cents desc, fee_id) as line_position
    from bucketed
),

-- The lines' taxes may fall short of the invoice's by less than a minor unit each; the largest bucket takes that.
final as (
    select
        invoice_id, fee_id, fee_type, billable_metric_id, cast(line_position as bigint) as line_position,
        {{ working('payable_cents + case when line_position = 1 and gap_cents > 0 and gap_cents <= line_count then gap_cents else 0 end') }} as payable_cents
    from ordered
)

select * from final
