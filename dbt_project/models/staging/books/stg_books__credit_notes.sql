with source as (
    select * from {{ source('books', 'credit_notes') }}
),

final as (
    select
        credit_note_id,
        invoice_id,
        customer_id,
        billing_entity_id,
        subscription_id,
        status,
        reason,
        currency,
        sequential_id,
        issuing_date,
        precise_items_amount_cents,
        precise_coupons_adjustment_amount_cents,
        coupons_adjustment_amount_cents,
        sub_total_excluding_taxes_amount_cents,
        precise_taxes_amount_cents,
        taxes_amount_cents,
        taxes_rate,
        total_amount_cents,
        credit_amount_cents,
        refund_amount_cents,
        offset_amount_cents,
        issued_at,
        sql_bundle_id
    from source
)

select * from final
