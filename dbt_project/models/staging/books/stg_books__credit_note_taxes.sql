with source as (
    select * from {{ source('books', 'credit_note_taxes') }}
),

final as (
    select
        credit_note_id,
        tax_id,
        tax_code,
        tax_name,
        tax_rate,
        taxable_base_cents,
        amount_cents
    from source
)

select * from final
