with source as (
    select * from {{ source('books', 'invoice_taxes') }}
),

final as (
    select
        invoice_id,
        tax_id,
        tax_code,
        tax_name,
        tax_rate,
        taxable_base_cents,
        amount_cents
    from source
)

select * from final
