with issue_invoices as (
    select * from {{ ref('int_billing__issue_invoices') }}
),

issue_fees as (
    select * from {{ ref('int_billing__issue_fees') }}
),

issue_standalone_fees as (
    select * from {{ ref('int_billing__issue_standalone_fees') }}
),

issue_wallet_uses as (
    select * from {{ ref('int_billing__issue_wallet_uses') }}
),

issue_credit_note_uses as (
    select * from {{ ref('int_billing__issue_credit_note_uses') }}
),

issue_credit_notes as (
    select * from {{ ref('int_billing__issue_credit_notes') }}
),

issue_credit_note_voids as (
    select * from {{ ref('int_billing__issue_credit_note_voids') }}
),

credit_note_legs as (
    select * from {{ ref('int_billing__credit_note_legs') }}
),

issue_invoice_voids as (
    select * from {{ ref('int_billing__issue_invoice_voids') }}
),

invoice_void_legs as (
    select * from {{ ref('int_billing__invoice_void_legs') }}
),

documents as (
    select invoice_id as document_id, invoice_id, customer_id, currency, issued_at, total_amount_cents, taxes_amount_cents from issue_invoices
    union all
    select fee_id, null, customer_id, currency, issued_at, total_amount_cents, taxes_amount_cents from issue_standalone_fees
    union all
    select credit_note_id, null, customer_id, currency, issued_at, -offset_amount_cents, -taxes_amount_cents from issue_credit_notes
    union all
    select credit_note_void_id, null, customer_id, currency, issued_at, 0, 0 from issue_credit_note_voids
    union all
    select invoice_void_id, null, customer_id, currency, issued_at, -due_amount_cents, -taxes_amount_cents from issue_invoice_voids
),

-- Debits are positive. What a progressive invoice billed before is taken off the line that bills it again. A top-up invoice sells credits, which are
-- owed until they pay an invoice.
legs as (
    select document_id, 'receivables' as account, cast(null as string) as fee_id, 'total' as leg, total_amount_cents as amount_cents
    from documents
    union all
    select invoice_id, 'coupon_discounts', null, 'coupons', coupons_amount_cents
    from issue_invoices
    union all
    select document_id, 'taxes_payable', null, 'taxes', -taxes_amount_cents
    from documents
    union all
    select invoice_id, case when credit_class = 'granted' then 'promotional_credits' else 'prepaid_credits' end, null, wallet_use_id, amount_cents
    from issue_wallet_uses
    union all
    select invoice_id, 'customer_credits', null, credit_note_use_id, amount_cents
    from issue_credit_note_uses
    union all
    select document_id, account, null, leg, amount_cents
    from credit_note_legs
    union all
    select document_id, account, null, leg, amount_cents
    from invoice_void_legs
    union all
    select coalesce(invoice_id, fee_id), case when fee_type = 'credit' then 'prepaid_credits' else 'revenue' end, fee_id, fee_id, -amount_cents
    from issue_fees
    union all
    select invoice_id, 'revenue', fee_id, 'progressive_billing_credit/' || fee_id, progressive_billing_credit_amount_cents
    from issue_fees
),

final as (
    select
        {{ deterministic_id(['legs.document_id', 'legs.account', 'legs.leg']) }} as posting_id,
        legs.document_id as transaction_id,
        documents.invoice_id,
        documents.customer_id,
        legs.account,
        legs.fee_id,
        documents.currency,
        legs.amount_cents,
        documents.issued_at as posted_at
    from legs
    inner join documents on legs.document_id = documents.document_id
    where legs.amount_cents <> 0
)

select * from final
