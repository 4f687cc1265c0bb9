with unrounded_fees as (
    select * from {{ ref('int_billing__unrounded_fees') }}
),

adjusted_fees as (
    select * from {{ ref('int_billing__adjusted_fees') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- What people say of a draft's fee replaces what was computed.
said as (
    select
        unrounded_fees.*,
        coalesce(adjusted_fees.item_name, unrounded_fees.item_name) as said_name,
        coalesce(adjusted_fees.units, unrounded_fees.units) as said_units,
        coalesce(adjusted_fees.unit_amount, unrounded_fees.unit_amount) as said_unit_amount,
        coalesce(adjusted_fees.precise_amount, unrounded_fees.precise_amount) as said_amount
    from unrounded_fees
    left join adjusted_fees on unrounded_fees.fee_id = adjusted_fees.fee_id
),

-- Here, and only here, a fee is rounded to minor units (invoicing, section 4.5).
rounded as (
    select
        said.*,
        currencies.minor_unit_amount,
        {{ round_money('said.said_amount', 'currencies.minor_units') }} as amount_cents
    from said
    inner join currencies on said.currency = currencies.currency
),

-- A unit of a fee in advance costs its part of the rounded amount (rating, section 5.2).
final as (
    select
        fee_id, invoice_id, fee_state, fee_type, customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code, group_key, add_on_id, wallet_transaction_id, true_up_parent_fee_id,
        item_code, said_name as item_name, description, item_position, from_at, to_at, horizon_at, currency, said_units as units, events_count,
        case
            when event_transaction_id is null then said_unit_amount
            else {{ unit_price(working('cast(amount_cents as decimal(38, 0)) * minor_unit_amount'), 'said_units') }}
        end as unit_amount,
        said_amount as precise_amount, event_transaction_id, corrected_invoice_id, known_after_at, amount_cents
    from rounded
)

select * from final
