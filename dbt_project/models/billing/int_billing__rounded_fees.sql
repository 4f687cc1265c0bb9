with unrounded_fees as (
    select * from {{ ref('int_billing__unrounded_fees') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- Here, and only here, a fee is rounded to minor units (invoicing, section 4.5).
rounded as (
    select
        unrounded_fees.*,
        currencies.minor_unit_amount,
        {{ round_money('unrounded_fees.precise_amount', 'currencies.minor_units') }} as amount_cents
    from unrounded_fees
    inner join currencies on unrounded_fees.currency = currencies.currency
),

-- A unit of a fee in advance costs its part of the rounded amount (rating, section 5.2).
final as (
    select
        fee_id, invoice_id, fee_state, fee_type, customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code, group_key, add_on_id, wallet_transaction_id, true_up_parent_fee_id,
        item_code, item_name, description, item_position, from_at, to_at, horizon_at, currency, units, events_count,
        case
            when event_transaction_id is null then unit_amount
            else {{ unit_price(working('cast(amount_cents as decimal(38, 0)) * minor_unit_amount'), 'units') }}
        end as unit_amount,
        precise_amount, event_transaction_id, corrected_invoice_id, known_after_at, amount_cents
    from rounded
)

select * from final
