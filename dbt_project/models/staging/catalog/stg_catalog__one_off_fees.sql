with source as (
    select * from {{ source('catalog', 'one_off_fees') }}
),

final as (
    select
        id as one_off_fee_id,
        one_off_invoice_id,
        position,
        add_on_id,
        {{ quantity('units') }} as units,
        unit_amount_cents,
        description,
        invoice_display_name,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
