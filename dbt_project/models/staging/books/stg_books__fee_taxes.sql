with source as (
    select * from {{ source('books', 'fee_taxes') }}
),

final as (
    select
        fee_id,
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
