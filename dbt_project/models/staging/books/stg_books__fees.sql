with source as (
    select * from {{ source('books', 'fees') }}
),

final as (
    select
        fee_id,
        invoice_id,
        position,
        fee_type,
        customer_id,
        subscription_id,
        external_subscription_id,
        plan_id,
        charge_id,
        charge_filter_id,
        charge_model,
        billable_metric_id,
        billable_metric_code,
        group_key,
        add_on_id,
        wallet_transaction_id,
        item_code,
        item_name,
        description,
        from_at,
        to_at,
        units,
        events_count,
        unit_amount,
        precise_amount,
        amount_cents,
        currency,
        precise_coupons_amount_cents,
        taxes_rate,
        taxes_amount_cents,
        issued_at,
        true_up_parent_fee_id,
        pricing_unit_id,
        pricing_unit_code,
        pricing_unit_short_name,
        conversion_rate,
        pricing_unit_unit_amount,
        pricing_unit_precise_amount,
        pricing_unit_amount_cents,
        event_transaction_id,
        total_aggregated_units,
        {{ cents('coalesce(progressive_billing_credit_amount_cents, 0)') }} as progressive_billing_credit_amount_cents,
        corrected_invoice_id,
        known_after_at
    from source
)

select * from final
