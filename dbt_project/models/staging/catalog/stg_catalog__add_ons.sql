with source as (
    select * from {{ source('catalog', 'add_ons') }}
),

final as (
    select
        id as add_on_id,
        code,
        name,
        invoice_display_name,
        amount_cents,
        amount_currency,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
