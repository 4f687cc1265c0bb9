with invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

final as (
    select invoice_items.*
    from invoice_items
    left join issued_invoices on invoice_items.invoice_id = issued_invoices.invoice_id
    where issued_invoices.invoice_id is null
)

select * from final
