with draft_invoices as (
    select * from {{ ref('int_billing__draft_invoices') }} where is_due
),

requested_corrections as (
    select * from {{ ref('int_billing__requested_corrections') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

issued_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

issued_voids as (
    select * from {{ ref('stg_books__credit_note_voids') }}
),

issued_invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

-- A bill with usage out of the domain waits, and so does what comes after it: it depends on what the bill takes of coupons, wallets and numbers.
held as (
    select customer_id, min(horizon_at) as held_from_at
    from {{ ref('int_billing__held_usage') }}
    where bill_state = 'due'
    group by customer_id
),

-- What is settled on its own: an invoice, a fee that is not invoiced, a credit note, or the void of either.
issued_documents as (
    select invoice_id from issued_invoices
    union all
    select fee_id from issued_fees
    union all
    select credit_note_id from issued_credit_notes
    union all
    select credit_note_void_id from issued_voids
    union all
    select invoice_void_id from issued_invoice_voids
),

-- A correction is a fact of its moment, which comes before its bills; one of the very moment of its own invoice comes just after that.
documents as (
    select
        invoice_id, invoice_type, customer_id, billing_entity_id, currency, invoicing_reason, ready_at, issued_at, creation_sequence, fees_amount_cents,
        1 as moment_class, invoice_id as sorted_id, 0 as place_after, creation_sequence as sorted_sequence, invoicing_reason as sorted_reason,
        cast(null as string) as credited_invoice_id, cast(null as string) as destination
    from draft_invoices
    union all
    select
        correction_id, correction_type, customer_id, billing_entity_id, currency, reason, issued_at, issued_at, creation_sequence, 0,
        case when issued_at > invoice_issued_at then 0 else 1 end, invoice_id, place_after,
        case when issued_at > invoice_issued_at then creation_sequence else invoice_creation_sequence end, invoice_reason,
        invoice_id, destination
    from requested_corrections
),

final as (
    select
        documents.invoice_id, documents.invoice_type, documents.customer_id, documents.billing_entity_id, documents.currency, documents.invoicing_reason,
        documents.ready_at, documents.issued_at, documents.creation_sequence, documents.fees_amount_cents, documents.credited_invoice_id, documents.destination,
        row_number() over (
            partition by documents.customer_id
            order by documents.issued_at, documents.moment_class, documents.sorted_sequence, documents.sorted_reason, documents.sorted_id, documents.place_after, documents.invoice_id
        ) as queue_position
    from documents
    left join issued_documents on documents.invoice_id = issued_documents.invoice_id
    left join held on documents.customer_id = held.customer_id
    where issued_documents.invoice_id is null and (held.held_from_at is null or documents.issued_at < held.held_from_at)
)

select * from final
