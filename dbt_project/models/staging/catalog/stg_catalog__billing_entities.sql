with source as (
    select * from {{ source('catalog', 'billing_entities') }}
),

final as (
    select
        id as billing_entity_id,
        code,
        name,
        timezone,
        default_currency,
        document_number_prefix,
        document_numbering,
        net_payment_term,
        invoice_grace_period,
        finalize_zero_amount_invoice,
        issuing_date_anchor,
        issuing_date_adjustment,
        billing_starts_at,
        legal_name,
        address,
        tax_identification_number,
        email,
        emails_invoices,
        invoice_email_subject,
        invoice_email_text,
        applied_dunning_campaign_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
