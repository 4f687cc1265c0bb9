with source as (
    select * from {{ source('books', 'standalone_fees') }}
),

final as (
    select
        fee_id,
        customer_id,
        billing_entity_id,
        currency,
        issuing_date,
        amount_cents,
        taxes_amount_cents,
        total_amount_cents,
        issued_at,
        sql_bundle_id
    from source
)

select * from final
