with source as (
    select * from {{ source('catalog', 'coupons') }}
),

final as (
    select
        id as coupon_id,
        code,
        name,
        coupon_type,
        amount_cents,
        amount_currency,
        {{ quantity('percentage_rate') }} as percentage_rate,
        frequency,
        frequency_duration,
        expiration_at,
        reusable,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
