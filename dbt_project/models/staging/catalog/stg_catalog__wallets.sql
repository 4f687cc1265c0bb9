with source as (
    select * from {{ source('catalog', 'wallets') }}
),

final as (
    select
        id as wallet_id,
        customer_id,
        code,
        name,
        currency,
        {{ quantity('rate_amount') }} as rate_amount,
        priority,
        expiration_at,
        terminated_at,
        created_at,
        paid_top_up_min_amount_cents,
        paid_top_up_max_amount_cents,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
