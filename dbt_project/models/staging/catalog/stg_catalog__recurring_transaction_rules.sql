with source as (
    select * from {{ source('catalog', 'recurring_transaction_rules') }}
),

final as (
    select
        id as recurring_transaction_rule_id,
        wallet_id,
        customer_id,
        rule_trigger,
        rule_method,
        rule_interval,
        {{ quantity('threshold_credits') }} as threshold_credits,
        {{ quantity('paid_credits') }} as paid_credits,
        {{ quantity('granted_credits') }} as granted_credits,
        {{ quantity('target_ongoing_balance') }} as target_ongoing_balance,
        grants_target_top_up,
        started_at,
        expiration_at,
        status,
        invoice_requires_successful_payment,
        ignore_paid_top_up_limits,
        transaction_name,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
