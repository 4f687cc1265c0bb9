with termination_credits as (
    select * from {{ ref('int_billing__termination_credits') }}
),

late_credits as (
    select * from {{ ref('int_billing__late_credits') }}
),

credit_notes as (
    select * from {{ ref('stg_catalog__credit_notes') }}
),

requested_invoice_voids as (
    select * from {{ ref('int_billing__requested_invoice_voids') }} where generate_credit_note and has_lines
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

unissued_invoices as (
    select * from {{ ref('int_billing__unissued_invoices') }} where is_due
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

invoices as (
    select invoice_id, invoice_type, customer_id, billing_entity_id, currency, issued_at, creation_sequence, invoicing_reason
    from unissued_invoices
    union all
    select invoice_id, invoice_type, customer_id, billing_entity_id, currency, issued_at, 0, ''
    from issued_invoices
),

-- A note by hand is a fact of the moment of its command, which saw the invoice. A void gives one for what was asked, and one that is void at once for the rest.
final as (
    select
        credit_note_id, invoice_id, 'subscription' as invoice_type, invoice_issued_at, invoice_creation_sequence, invoice_reason, customer_id, billing_entity_id, subscription_id, currency,
        reason, destination, cast(0 as bigint) as credit_amount_cents, cast(0 as bigint) as refund_amount_cents, cast(0 as bigint) as offset_amount_cents,
        issued_at, creation_sequence, cast(null as string) as invoice_void_id, false as is_void_at_once
    from termination_credits
    union all
    select distinct
        credit_note_id, invoice_id, 'subscription', invoice_issued_at, invoice_creation_sequence, invoice_reason, customer_id, billing_entity_id, subscription_id, currency,
        'other', destination, 0, 0, 0, issued_at, creation_sequence, null, false
    from late_credits
    union all
    select
        credit_notes.credit_note_id, credit_notes.invoice_id, invoices.invoice_type, invoices.issued_at, invoices.creation_sequence, invoices.invoicing_reason,
        invoices.customer_id, invoices.billing_entity_id, null, invoices.currency,
        credit_notes.reason, 'requested', credit_notes.credit_amount_cents, credit_notes.refund_amount_cents, credit_notes.offset_amount_cents,
        credit_notes.valid_from, credit_notes.sequence, null, false
    from credit_notes
    inner join invoices on credit_notes.invoice_id = invoices.invoice_id
    inner join horizons on invoices.customer_id = horizons.customer_id and credit_notes.valid_from <= horizons.as_of
    union all
    select
        {{ deterministic_id(["'invoice_void_note'", 'invoice_void_id']) }}, invoice_id, invoice_type, invoice_issued_at, invoice_creation_sequence, invoice_reason,
        customer_id, billing_entity_id, null, currency, 'other', 'requested', credit_amount_cents, refund_amount_cents, 0, issued_at, creation_sequence, invoice_void_id, false
    from requested_invoice_voids
    where credit_amount_cents + refund_amount_cents > 0
    union all
    select
        {{ deterministic_id(["'invoice_void_rest'", 'invoice_void_id']) }}, invoice_id, invoice_type, invoice_issued_at, invoice_creation_sequence, invoice_reason,
        customer_id, billing_entity_id, null, currency, 'other', 'credit', 0, 0, 0, issued_at, creation_sequence, invoice_void_id, true
    from requested_invoice_voids
)

select * from final
