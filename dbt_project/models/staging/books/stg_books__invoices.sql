with source as (
    select * from {{ source('books', 'invoices') }}
),

final as (
    select
        invoice_id,
        customer_id,
        billing_entity_id,
        invoice_type,
        status,
        currency,
        number,
        customer_sequence,
        entity_sequence,
        ready_at,
        issued_at,
        issuing_date,
        payment_due_date,
        net_payment_term,
        fees_amount_cents,
        {{ cents('coalesce(progressive_billing_credit_amount_cents, 0)') }} as progressive_billing_credit_amount_cents,
        coupons_amount_cents,
        sub_total_excluding_taxes_amount_cents,
        taxes_amount_cents,
        taxes_rate,
        sub_total_including_taxes_amount_cents,
        prepaid_credit_amount_cents,
        total_amount_cents,
        customer_name,
        customer_external_id,
        customer_address,
        customer_email,
        customer_tax_identification_number,
        billing_entity_name,
        billing_entity_address,
        billing_entity_tax_identification_number,
        timezone,
        sql_bundle_id,
        coalesce(credit_notes_amount_cents, 0) as credit_notes_amount_cents
    from source
)

select * from final
