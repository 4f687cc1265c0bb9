-- Fails if an issued invoice's total is not its lines less discounts plus tax less credits, or is below zero.
select invoice_id
from {{ ref('stg_books__invoices') }}
where fees_amount_cents - progressive_billing_credit_amount_cents - coupons_amount_cents is distinct from sub_total_excluding_taxes_amount_cents
    or sub_total_excluding_taxes_amount_cents + taxes_amount_cents is distinct from sub_total_including_taxes_amount_cents
    or sub_total_including_taxes_amount_cents - credit_notes_amount_cents - prepaid_credit_amount_cents is distinct from total_amount_cents
    or total_amount_cents < 0
