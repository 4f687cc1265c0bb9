with source as (
    select * from {{ source('catalog', 'plans') }}
),

final as (
    select
        id as plan_id,
        code,
        name,
        invoice_display_name,
        interval,
        amount_cents,
        amount_currency,
        pay_in_advance,
        {{ quantity('trial_period') }} as trial_days,
        bill_charges_monthly,
        bill_fixed_charges_monthly,
        minimum_commitment_amount_cents,
        minimum_commitment_display_name,
        parent_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
