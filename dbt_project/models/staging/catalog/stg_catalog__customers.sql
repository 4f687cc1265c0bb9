with source as (
    select * from {{ source('catalog', 'customers') }}
),

final as (
    select
        id as customer_id,
        external_id,
        sequential_id,
        name,
        email,
        currency,
        timezone,
        billing_entity_id,
        invoice_grace_period,
        net_payment_term,
        finalize_zero_amount_invoice,
        issuing_date_anchor,
        issuing_date_adjustment,
        account_type,
        test_clock_id,
        legal_name,
        address,
        tax_identification_number,
        applied_dunning_campaign_id,
        exclude_from_dunning_campaign,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
