with issue_fees as (
    select * from {{ ref('int_billing__issue_fees') }}
),

presentation_units as (
    select * from {{ ref('int_metering__presentation_units') }}
),

final as (
    select
        issue_fees.fee_id,
        issue_fees.invoice_id,
        presentation_units.presentation_key,
        presentation_units.displayed_key,
        presentation_units.units
    from issue_fees
    inner join presentation_units on issue_fees.fee_id = presentation_units.usage_id
)

select * from final
