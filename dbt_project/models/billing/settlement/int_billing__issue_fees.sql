with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

fees as (
    select * from {{ ref('int_billing__fees') }}
),

fee_pricing_units as (
    select * from {{ ref('int_billing__fee_pricing_units') }}
),

fee_units as (
    select * from {{ ref('int_billing__fee_units') }}
),

fee_taxes as (
    select * from {{ ref('int_billing__fee_taxes') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

coupon_shares as (
    select * from {{ source('settlement', 'coupon_shares') }}
),

shared as (
    select fee_id, sum(share_cents) as share_cents
    from coupon_shares
    group by fee_id
),

taxed as (
    select fee_id, sum(tax_rate) as taxes_rate, sum(precise_amount_cents) as precise_cents
    from fee_taxes
    group by fee_id
),

final as (
    select
        fees.fee_id,
        case when settlement_queue.invoice_type <> 'standalone_fee' then fees.invoice_id end as invoice_id,
        row_number() over (
            partition by fees.invoice_id
            order by fees.external_subscription_id, fees.item_position, fees.from_at, fees.item_code,
                case when fees.true_up_parent_fee_id is null then 0 else 1 end, fees.charge_filter_id, fees.group_key, fees.fee_id
        ) as position,
        fees.fee_type, fees.customer_id, fees.subscription_id, fees.external_subscription_id, fees.plan_id,
        fees.charge_id, fees.charge_filter_id, fees.charge_model, fees.billable_metric_id, fees.billable_metric_code, fees.group_key,
        fees.add_on_id, fees.wallet_transaction_id, fees.item_code, fees.item_name, fees.description,
        fees.from_at, fees.to_at, fees.units, fees.events_count, fees.unit_amount, fees.precise_amount, fees.amount_cents, fees.currency,
        {{ share('coalesce(shared.share_cents, 0)') }} as precise_coupons_amount_cents,
        {{ share('coalesce(taxed.taxes_rate, 0)') }} as taxes_rate,
        {{ round_cents('coalesce(taxed.precise_cents, 0)') }} as taxes_amount_cents,
        settlement_queue.issued_at,
        fees.true_up_parent_fee_id, fee_pricing_units.pricing_unit_id, fee_pricing_units.pricing_unit_code, fee_pricing_units.pricing_unit_short_name,
        fee_pricing_units.conversion_rate, fee_pricing_units.unit_amount as pricing_unit_unit_amount,
        fee_pricing_units.precise_amount as pricing_unit_precise_amount, fee_pricing_units.amount_cents as pricing_unit_amount_cents,
        fees.event_transaction_id, fee_units.total_aggregated_units,
        {{ cents('coalesce(progressive_credits.progressive_billing_credit_amount_cents, 0)') }} as progressive_billing_credit_amount_cents,
        fees.corrected_invoice_id, fees.known_after_at
    from fees
    inner join settlement_queue on fees.invoice_id = settlement_queue.invoice_id
    left join progressive_credits on fees.fee_id = progressive_credits.fee_id
    left join shared on fees.fee_id = shared.fee_id
    left join taxed on fees.fee_id = taxed.fee_id
    left join fee_pricing_units on fees.fee_id = fee_pricing_units.fee_id
    left join fee_units on fees.fee_id = fee_units.fee_id
)

select * from final
