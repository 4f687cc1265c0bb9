with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

fee_taxes as (
    select * from {{ ref('int_billing__fee_taxes') }}
),

fees as (
    select * from {{ ref('int_billing__fees') }}
),

coupon_uses as (
    select * from {{ source('settlement', 'coupon_uses') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

credit_totals as (
    select invoice_id, sum(progressive_billing_credit_amount_cents) as credit_cents
    from progressive_credits
    group by invoice_id
),

coupon_totals as (
    select invoice_id, sum(amount_cents) as coupons_amount_cents
    from coupon_uses
    group by invoice_id
),

tax_totals as (
    select
        invoice_id,
        {{ round_cents('sum(precise_amount_cents)') }} as taxes_amount_cents,
        sum(precise_amount_cents) as precise_taxes_cents
    from fee_taxes
    group by invoice_id
),

-- Weighs each rate by its base; without any amount the weight is the number of fees (invoicing, section 4.3).
rate_parts as (
    select
        fees.invoice_id,
        count(distinct fees.fee_id) as fee_count,
        sum(coalesce(fee_taxes.tax_rate, 0)) as rate_sum
    from fees
    left join fee_taxes on fees.fee_id = fee_taxes.fee_id
    where fees.invoice_id is not null
    group by fees.invoice_id
),

summed as (
    select
        settlement_queue.*,
        coalesce(credit_totals.credit_cents, 0) as progressive_cents,
        coalesce(coupon_totals.coupons_amount_cents, 0) as coupons_cents,
        coalesce(tax_totals.taxes_amount_cents, 0) as taxes_cents,
        coalesce(tax_totals.precise_taxes_cents, 0) as precise_taxes_cents,
        rate_parts.fee_count,
        rate_parts.rate_sum,
        settlement_queue.fees_amount_cents - coalesce(credit_totals.credit_cents, 0) - coalesce(coupon_totals.coupons_amount_cents, 0) as sub_total_cents
    from settlement_queue
    left join credit_totals on settlement_queue.invoice_id = credit_totals.invoice_id
    left join coupon_totals on settlement_queue.invoice_id = coupon_totals.invoice_id
    left join tax_totals on settlement_queue.invoice_id = tax_totals.invoice_id
    left join rate_parts on settlement_queue.invoice_id = rate_parts.invoice_id
),

final as (
    select
        invoice_id, invoice_type, customer_id, billing_entity_id, currency, invoicing_reason, ready_at, issued_at, creation_sequence, queue_position,
        fees_amount_cents,
        {{ cents('progressive_cents') }} as progressive_billing_credit_amount_cents,
        {{ cents('coupons_cents') }} as coupons_amount_cents,
        {{ cents('sub_total_cents') }} as sub_total_excluding_taxes_amount_cents,
        {{ cents('taxes_cents') }} as taxes_amount_cents,
        {{ share('case when sub_total_cents > 0 then ' ~ weighted_rate('precise_taxes_cents * 100', 'sub_total_cents') ~ ' when fee_count > 0 then ' ~ weighted_rate('rate_sum', 'fee_count') ~ ' else 0 end') }} as taxes_rate,
        {{ cents('sub_total_cents + taxes_cents') }} as sub_total_including_taxes_amount_cents
    from summed
)

select * from final
