with source as (
    select * from {{ source('books', 'fee_presentation_units') }}
),

final as (
    select
        fee_id,
        invoice_id,
        presentation_key,
        displayed_key,
        units
    from source
)

select * from final
