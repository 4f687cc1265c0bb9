with settlement_totals as (
    select * from {{ ref('int_billing__settlement_totals') }} where invoice_type not in ('standalone_fee', 'credit_note', 'credit_note_void', 'invoice_void')
),

invoice_dates as (
    select * from {{ ref('int_billing__invoice_dates') }}
),

wallet_uses as (
    select * from {{ source('settlement', 'wallet_uses') }}
),

credit_note_uses as (
    select * from {{ source('settlement', 'credit_note_uses') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

credited as (
    select invoice_id, {{ cents('sum(amount_cents)') }} as amount_cents
    from credit_note_uses
    group by invoice_id
),

prepaid as (
    select invoice_id, {{ cents('sum(amount_cents)') }} as amount_cents
    from wallet_uses
    group by invoice_id
),

named as (
    select
        settlement_totals.*,
        control.sql_bundle_id,
        invoice_dates.issuing_date,
        invoice_dates.payment_due_date,
        invoice_dates.net_payment_term,
        invoice_dates.timezone,
        coalesce(credited.amount_cents, 0) as credit_notes_amount_cents,
        coalesce(prepaid.amount_cents, 0) as prepaid_credit_amount_cents,
        customers.test_clock_id,
        customers.sequential_id,
        customers.account_type,
        customers.external_id as customer_external_id,
        coalesce(customers.legal_name, customers.name) as customer_name,
        customers.address as customer_address,
        customers.email as customer_email,
        customers.tax_identification_number as customer_tax_identification_number,
        coalesce(billing_entities.legal_name, billing_entities.name) as billing_entity_name,
        billing_entities.address as billing_entity_address,
        billing_entities.tax_identification_number as billing_entity_tax_identification_number,
        billing_entities.document_numbering,
        billing_entities.document_number_prefix,
        billing_entities.timezone as billing_entity_timezone,
        settlement_totals.fees_amount_cents = 0 and settlement_totals.invoice_type = 'subscription'
        and (customers.finalize_zero_amount_invoice = 'skip'
            or (coalesce(customers.finalize_zero_amount_invoice, 'inherit') = 'inherit' and not billing_entities.finalize_zero_amount_invoice)) as is_skipped
    from settlement_totals
    cross join control
    inner join customers
        on settlement_totals.customer_id = customers.customer_id and {{ known_at('customers', 'settlement_totals.issued_at') }}
    inner join billing_entities
        on settlement_totals.billing_entity_id = billing_entities.billing_entity_id and {{ known_at('billing_entities', 'settlement_totals.issued_at') }}
    inner join invoice_dates on settlement_totals.invoice_id = invoice_dates.invoice_id
    left join credited on settlement_totals.invoice_id = credited.invoice_id
    left join prepaid on settlement_totals.invoice_id = prepaid.invoice_id
),

final as (
    select
        invoice_id, customer_id, billing_entity_id, invoice_type, case when is_skipped then 'closed' else 'finalized' end as status, currency,
        ready_at, issued_at, invoicing_reason, creation_sequence,
        issuing_date, payment_due_date, net_payment_term,
        fees_amount_cents, progressive_billing_credit_amount_cents, coupons_amount_cents, sub_total_excluding_taxes_amount_cents, taxes_amount_cents, taxes_rate,
        sub_total_including_taxes_amount_cents, prepaid_credit_amount_cents,
        {{ cents('sub_total_including_taxes_amount_cents - credit_notes_amount_cents - prepaid_credit_amount_cents') }} as total_amount_cents,
        customer_name, customer_external_id, customer_address, customer_email, customer_tax_identification_number,
        billing_entity_name, billing_entity_address, billing_entity_tax_identification_number, timezone,
        document_numbering, document_number_prefix, billing_entity_timezone, sequential_id, account_type, test_clock_id, sql_bundle_id, credit_notes_amount_cents
    from named
)

select * from final
