with source as (
    select * from {{ source('books', 'wallet_use_fees') }}
),

final as (
    select
        wallet_use_id,
        invoice_id,
        fee_id,
        amount_cents
    from source
)

select * from final
