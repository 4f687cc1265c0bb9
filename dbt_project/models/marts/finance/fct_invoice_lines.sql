with issued_fees as (
    select * from {{ ref('stg_books__fees') }}
),

draft_fees as (
    select * from {{ ref('int_billing__fees') }} where invoice_id is not null and invoice_id <> fee_id
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

held_bills as (
    select distinct bill_id from {{ ref('int_billing__held_usage') }}
),

fee_pricing_units as (
    select * from {{ ref('int_billing__fee_pricing_units') }}
),

fee_units as (
    select * from {{ ref('int_billing__fee_units') }}
),

progressive_credits as (
    select * from {{ ref('int_billing__progressive_credits') }}
),

fee_taxes as (
    select * from {{ ref('int_billing__fee_taxes') }}
),

taxed as (
    select fee_id, sum(tax_rate) as taxes_rate, sum(precise_amount_cents) as precise_cents
    from fee_taxes
    group by fee_id
),

drafts as (
    select
        draft_fees.fee_id, draft_fees.invoice_id,
        row_number() over (
            partition by draft_fees.invoice_id
            order by
                draft_fees.external_subscription_id, draft_fees.item_position, draft_fees.from_at, draft_fees.item_code,
                case when draft_fees.true_up_parent_fee_id is null then 0 else 1 end,
                draft_fees.charge_filter_id, draft_fees.group_key, draft_fees.fee_id
        ) as position,
        draft_fees.fee_type, draft_fees.customer_id, draft_fees.subscription_id, draft_fees.external_subscription_id, draft_fees.plan_id,
        draft_fees.charge_id, draft_fees.charge_filter_id, draft_fees.charge_model, draft_fees.billable_metric_id, draft_fees.billable_metric_code,
        draft_fees.group_key, draft_fees.add_on_id, draft_fees.wallet_transaction_id, draft_fees.item_code, draft_fees.item_name, draft_fees.description,
        draft_fees.from_at, draft_fees.to_at, draft_fees.units, draft_fees.events_count, draft_fees.unit_amount, draft_fees.precise_amount,
        draft_fees.amount_cents, draft_fees.currency,
        {{ share('0') }} as precise_coupons_amount_cents,
        {{ share('coalesce(taxed.taxes_rate, 0)') }} as taxes_rate,
        {{ round_cents('coalesce(taxed.precise_cents, 0)') }} as taxes_amount_cents,
        draft_fees.horizon_at,
        true as is_draft,
        draft_fees.true_up_parent_fee_id, fee_pricing_units.pricing_unit_id, fee_pricing_units.pricing_unit_code, fee_pricing_units.pricing_unit_short_name,
        fee_pricing_units.conversion_rate, fee_pricing_units.unit_amount as pricing_unit_unit_amount,
        fee_pricing_units.precise_amount as pricing_unit_precise_amount, fee_pricing_units.amount_cents as pricing_unit_amount_cents,
        draft_fees.event_transaction_id, fee_units.total_aggregated_units,
        {{ cents('coalesce(progressive_credits.progressive_billing_credit_amount_cents, 0)') }} as progressive_billing_credit_amount_cents,
        draft_fees.corrected_invoice_id, draft_fees.known_after_at
    from draft_fees
    left join issued_invoices on draft_fees.invoice_id = issued_invoices.invoice_id
    left join held_bills on draft_fees.invoice_id = held_bills.bill_id
    left join taxed on draft_fees.fee_id = taxed.fee_id
    left join fee_pricing_units on draft_fees.fee_id = fee_pricing_units.fee_id
    left join progressive_credits on draft_fees.fee_id = progressive_credits.fee_id
    left join fee_units on draft_fees.fee_id = fee_units.fee_id
    where issued_invoices.invoice_id is null and held_bills.bill_id is null
),

final as (
    select
        fee_id, invoice_id, position, fee_type, customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code, group_key, add_on_id, wallet_transaction_id,
        item_code, item_name, description, from_at, to_at, units, events_count, unit_amount, precise_amount, amount_cents, currency,
        precise_coupons_amount_cents, taxes_rate, taxes_amount_cents,
        issued_at as horizon_at,
        false as is_draft,
        true_up_parent_fee_id, pricing_unit_id, pricing_unit_code, pricing_unit_short_name,
        conversion_rate, pricing_unit_unit_amount, pricing_unit_precise_amount, pricing_unit_amount_cents,
        event_transaction_id, total_aggregated_units, progressive_billing_credit_amount_cents, corrected_invoice_id, known_after_at
    from issued_fees
    union all
    select * from drafts
)

select * from final
