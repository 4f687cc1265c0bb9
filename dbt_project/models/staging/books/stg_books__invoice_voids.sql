with source as (
    select * from {{ source('books', 'invoice_voids') }}
),

final as (
    select
        invoice_void_id,
        invoice_id,
        customer_id,
        billing_entity_id,
        currency,
        issuing_date,
        sub_total_excluding_taxes_amount_cents,
        coupons_amount_cents,
        taxes_amount_cents,
        due_amount_cents,
        issued_at,
        sql_bundle_id
    from source
)

select * from final
