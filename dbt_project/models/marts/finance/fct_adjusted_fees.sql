with adjusted_fees as (
    select * from {{ ref('stg_catalog__adjusted_fees') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

final as (
    select
        adjusted_fees.fee_id, adjusted_fees.invoice_id, adjusted_fees.customer_id,
        adjusted_fees.units, adjusted_fees.unit_precise_amount, adjusted_fees.invoice_display_name,
        adjusted_fees.reason, adjusted_fees.adjusted_by,
        adjusted_fees.valid_from as adjusted_at
    from adjusted_fees
    left join issued_invoices on adjusted_fees.invoice_id = issued_invoices.invoice_id
    where case when issued_invoices.invoice_id is null then adjusted_fees.valid_to is null else {{ known_at('adjusted_fees', 'issued_invoices.issued_at') }} end
)

select * from final
