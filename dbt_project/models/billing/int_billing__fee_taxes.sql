with fees as (
    select * from {{ ref('int_billing__fees') }} where fee_state <> 'open'
),

fee_tax_rates as (
    select * from {{ ref('int_billing__fee_tax_rates') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

coupon_shares as (
    select * from {{ source('settlement', 'coupon_shares') }}
),

discounted as (
    select
        fee_id,
        sum(share_cents) as coupons_cents
    from coupon_shares
    group by fee_id
),

bases as (
    select
        fees.fee_id,
        fees.invoice_id,
        {{ share('fees.amount_cents - coalesce(progressive_credits.progressive_billing_credit_amount_cents, 0) - coalesce(discounted.coupons_cents, 0)') }} as taxable_base_cents
    from fees
    left join progressive_credits on fees.fee_id = progressive_credits.fee_id
    left join discounted on fees.fee_id = discounted.fee_id
),

final as (
    select
        bases.fee_id,
        bases.invoice_id,
        fee_tax_rates.tax_id,
        fee_tax_rates.tax_code,
        fee_tax_rates.tax_name,
        fee_tax_rates.tax_rate,
        bases.taxable_base_cents,
        {{ percentage_of('bases.taxable_base_cents', 'fee_tax_rates.tax_rate') }} as precise_amount_cents,
        {{ round_cents(percentage_of('bases.taxable_base_cents', 'fee_tax_rates.tax_rate')) }} as amount_cents
    from bases
    inner join fee_tax_rates on bases.fee_id = fee_tax_rates.fee_id
)

select * from final
