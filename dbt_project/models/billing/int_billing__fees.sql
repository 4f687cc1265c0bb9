with rounded_fees as (
    select * from {{ ref('int_billing__rounded_fees') }}
),

commitment_fees as (
    select * from {{ ref('int_billing__commitment_fees') }}
),

-- What tops up to a minimum commitment is whole minor units, less fees that are rounded: nothing is left to round.
final as (
    select
        fee_id, invoice_id, fee_state, fee_type, customer_id, subscription_id, external_subscription_id, plan_id,
        charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code, group_key, add_on_id, wallet_transaction_id, true_up_parent_fee_id,
        item_code, item_name, description, item_position, from_at, to_at, horizon_at, currency, units, events_count,
        unit_amount, precise_amount, event_transaction_id, corrected_invoice_id, known_after_at, amount_cents
    from rounded_fees
    union all
    select
        fee_id, invoice_id, fee_state, 'commitment', customer_id, subscription_id, external_subscription_id, plan_id,
        null, null, null, null, null, null, null, null, null,
        item_code, item_name, null, cast(2000000 as bigint), from_at, to_at, horizon_at, currency, {{ quantity('1') }}, cast(0 as bigint),
        amount, amount, null, null, null, amount_cents
    from commitment_fees
)

select * from final
