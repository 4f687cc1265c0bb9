with source as (
    select * from {{ source('catalog', 'applied_coupons') }}
),

final as (
    select
        id as applied_coupon_id,
        coupon_id,
        customer_id,
        amount_cents,
        amount_currency,
        {{ quantity('percentage_rate') }} as percentage_rate,
        frequency,
        frequency_duration,
        terminated_at,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
