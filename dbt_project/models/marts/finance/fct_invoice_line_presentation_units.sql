with issued as (
    select * from {{ ref('stg_books__fee_presentation_units') }}
),

invoice_lines as (
    select * from {{ ref('fct_invoice_lines') }} where is_draft
),

presentation_units as (
    select * from {{ ref('int_metering__presentation_units') }}
),

final as (
    select fee_id, invoice_id, presentation_key, displayed_key, units from issued
    union all
    select
        invoice_lines.fee_id, invoice_lines.invoice_id,
        presentation_units.presentation_key, presentation_units.displayed_key, presentation_units.units
    from invoice_lines
    inner join presentation_units on invoice_lines.fee_id = presentation_units.usage_id
)

select * from final
