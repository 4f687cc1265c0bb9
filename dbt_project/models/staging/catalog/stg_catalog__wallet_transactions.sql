with source as (
    select * from {{ source('catalog', 'wallet_transactions') }}
),

final as (
    select
        id as wallet_transaction_id,
        wallet_id,
        transaction_type,
        transaction_status,
        status,
        {{ quantity('credit_amount') }} as credit_amount,
        priority,
        name,
        settled_at,
        created_at,
        source as top_up_source,
        invoice_requires_successful_payment,
        failed_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
