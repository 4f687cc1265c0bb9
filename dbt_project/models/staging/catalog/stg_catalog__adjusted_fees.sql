with source as (
    select * from {{ source('catalog', 'adjusted_fees') }}
),

final as (
    select
        id as adjusted_fee_id,
        customer_id,
        invoice_id,
        fee_id,
        {{ quantity('units') }} as units,
        {{ quantity('unit_precise_amount') }} as unit_precise_amount,
        invoice_display_name,
        reason,
        adjusted_by,
        created_at,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
