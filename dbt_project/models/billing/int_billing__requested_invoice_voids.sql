with invoice_voids as (
    select * from {{ ref('stg_catalog__invoice_voids') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

unissued_fees as (
    select * from {{ ref('int_billing__fees') }} where fee_state = 'due' and amount_cents > 0
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }} where amount_cents > 0
),

-- There is no note on an invoice that bills nothing.
lined as (
    select invoice_voids.invoice_void_id
    from invoice_voids
    inner join unissued_fees on invoice_voids.invoice_id = unissued_fees.invoice_id
    union
    select invoice_voids.invoice_void_id
    from invoice_voids
    inner join issued_fees on invoice_voids.invoice_id = issued_fees.invoice_id
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

-- A void is a fact of the moment of its command, which saw the invoice.
final as (
    select
        invoice_voids.invoice_void_id, invoice_voids.invoice_id, invoices.invoice_type, invoices.issued_at as invoice_issued_at,
        invoices.creation_sequence as invoice_creation_sequence, invoices.invoicing_reason as invoice_reason,
        invoices.customer_id, invoices.billing_entity_id, invoices.currency,
        invoice_voids.generate_credit_note, invoice_voids.credit_amount_cents, invoice_voids.refund_amount_cents,
        lined.invoice_void_id is not null as has_lines,
        invoice_voids.valid_from as issued_at, invoice_voids.sequence as creation_sequence
    from invoice_voids
    inner join invoices on invoice_voids.invoice_id = invoices.invoice_id
    inner join horizons on invoices.customer_id = horizons.customer_id and invoice_voids.valid_from <= horizons.as_of
    left join lined on invoice_voids.invoice_void_id = lined.invoice_void_id
)

select * from final
