with source as (
    select * from {{ source('books', 'postings') }}
),

final as (
    select
        posting_id,
        transaction_id,
        invoice_id,
        customer_id,
        account,
        fee_id,
        currency,
        amount_cents,
        posted_at
    from source
)

select * from final
