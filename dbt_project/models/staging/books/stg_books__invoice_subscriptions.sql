with source as (
    select * from {{ source('books', 'invoice_subscriptions') }}
),

final as (
    select
        invoice_id,
        subscription_id,
        external_subscription_id,
        plan_id,
        invoicing_reason,
        fee_from_at,
        fee_to_at,
        usage_from_at,
        usage_to_at,
        issued_at,
        fixed_charges_from_at,
        fixed_charges_to_at
    from source
)

select * from final
