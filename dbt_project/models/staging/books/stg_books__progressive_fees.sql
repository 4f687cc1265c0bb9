with fees as (
    select * from {{ source('books', 'fees') }}
),

invoices as (
    select * from {{ source('books', 'invoices') }} where invoice_type = 'progressive_billing'
),

final as (
    select
        fees.fee_id,
        fees.invoice_id,
        fees.amount_cents,
        fees.precise_coupons_amount_cents
    from fees
    inner join invoices on fees.invoice_id = invoices.invoice_id
)

select * from final
