with source as (
    select * from {{ source('books', 'wallet_top_ups') }}
),

final as (
    select
        wallet_transaction_id,
        wallet_id,
        customer_id,
        recurring_transaction_rule_id,
        top_up_source,
        credit_class,
        credits,
        inbound_priority,
        invoice_requires_successful_payment,
        transaction_name,
        topped_up_at,
        sql_bundle_id
    from source
)

select * from final
