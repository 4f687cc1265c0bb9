-- Fails if an invoice's tax is not the exact tax of its lines rounded once, half away from zero (invoicing, section 4.5).
{{ checks('stg_books__invoices') }}
with exact as (
    select invoice_id, sum(cast(taxable_base_cents * cast(tax_rate as decimal(38, 8)) * cast('0.01' as decimal(38, 2)) as decimal(38, 15))) as tax_cents
    from {{ ref('stg_books__fee_taxes') }}
    group by invoice_id
)

select invoices.invoice_id
from {{ ref('stg_books__invoices') }} as invoices
left join exact on invoices.invoice_id = exact.invoice_id
where round(coalesce(exact.tax_cents, 0), 0) is distinct from invoices.taxes_amount_cents
