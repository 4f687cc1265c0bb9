with issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

draft_invoices as (
    select * from {{ ref('int_billing__draft_invoices') }} where invoice_type <> 'standalone_fee'
),

held_bills as (
    select distinct bill_id from {{ ref('int_billing__held_usage') }}
),

invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

payments as (
    select * from {{ ref('int_ledger__invoice_payments') }}
),

failed as (select invoice_id from {{ ref('int_billing__credit_fees') }} where is_failed),

-- Coupons and credits come at settlement, so a draft has none yet. A bill that is held back lacks a line, and is not shown.
drafts as (
    select
        draft_invoices.invoice_id, draft_invoices.customer_id, draft_invoices.billing_entity_id, draft_invoices.invoice_type,
        case when draft_invoices.invoice_type = 'credit' and not draft_invoices.is_due then 'open' else 'draft' end as status, draft_invoices.currency,
        cast(null as string) as number,
        draft_invoices.ready_at, draft_invoices.issued_at, draft_invoices.issuing_date, draft_invoices.payment_due_date, cast(null as bigint) as net_payment_term,
        draft_invoices.fees_amount_cents, draft_invoices.progressive_billing_credit_amount_cents,
        0 as coupons_amount_cents,
        draft_invoices.fees_amount_cents - draft_invoices.progressive_billing_credit_amount_cents as sub_total_excluding_taxes_amount_cents,
        draft_invoices.taxes_amount_cents,
        draft_invoices.total_amount_cents as sub_total_including_taxes_amount_cents,
        0 as credit_notes_amount_cents, 0 as prepaid_credit_amount_cents, draft_invoices.total_amount_cents,
        coalesce(customers.legal_name, customers.name) as customer_name,
        customers.external_id as customer_external_id,
        draft_invoices.timezone
    from draft_invoices
    left join issued_invoices on draft_invoices.invoice_id = issued_invoices.invoice_id
    left join held_bills on draft_invoices.invoice_id = held_bills.bill_id
    left join customers on draft_invoices.customer_id = customers.customer_id
    where issued_invoices.invoice_id is null and held_bills.bill_id is null
),

united as (
    select
        invoice_id, customer_id, billing_entity_id, invoice_type, status, currency, number, ready_at, issued_at, issuing_date, payment_due_date, net_payment_term,
        fees_amount_cents, progressive_billing_credit_amount_cents, coupons_amount_cents, sub_total_excluding_taxes_amount_cents, taxes_amount_cents,
        sub_total_including_taxes_amount_cents, credit_notes_amount_cents, prepaid_credit_amount_cents, total_amount_cents, customer_name, customer_external_id, timezone
    from issued_invoices
    union all
    select * from drafts
),

final as (
    select
        united.invoice_id, united.customer_id, united.billing_entity_id, united.invoice_type,
        case when invoice_voids.invoice_id is not null then 'voided' else united.status end as status,
        case
            when united.status not in ('draft', 'open') and coalesce(payments.paid_amount_cents, 0) + coalesce(payments.offset_amount_cents, 0) >= united.total_amount_cents then 'succeeded'
            when failed.invoice_id is not null then 'failed'
            else 'pending'
        end as payment_status,
        united.currency, united.number, united.ready_at, united.issued_at, united.issuing_date, united.payment_due_date, united.net_payment_term,
        united.fees_amount_cents, united.progressive_billing_credit_amount_cents,
        {{ cents('united.coupons_amount_cents') }} as coupons_amount_cents,
        {{ cents('united.sub_total_excluding_taxes_amount_cents') }} as sub_total_excluding_taxes_amount_cents,
        united.taxes_amount_cents, united.sub_total_including_taxes_amount_cents,
        {{ cents('united.prepaid_credit_amount_cents') }} as prepaid_credit_amount_cents,
        united.total_amount_cents,
        coalesce(payments.paid_amount_cents, 0) as total_paid_amount_cents,
        {{ cents('case when invoice_voids.invoice_id is not null then 0 else united.total_amount_cents - coalesce(payments.paid_amount_cents, 0) - coalesce(payments.offset_amount_cents, 0) end') }} as total_due_amount_cents,
        united.customer_name, united.customer_external_id, united.timezone,
        {{ cents('united.credit_notes_amount_cents') }} as credit_notes_amount_cents,
        coalesce(payments.offset_amount_cents, 0) as offset_amount_cents,
        invoice_voids.issued_at as voided_at,
        coalesce(payments.payment_overdue, false) as payment_overdue,
        payments.payment_dispute_lost_at
    from united
    left join invoice_voids on united.invoice_id = invoice_voids.invoice_id
    left join payments on united.invoice_id = payments.invoice_id
    left join failed on united.invoice_id = failed.invoice_id
)

select * from final
