with source as (
    select * from {{ source('books', 'coupon_uses') }}
),

final as (
    select
        invoice_id,
        applied_coupon_id,
        coupon_id,
        coupon_code,
        coupon_name,
        customer_id,
        currency,
        amount_cents,
        issued_at
    from source
)

select * from final
