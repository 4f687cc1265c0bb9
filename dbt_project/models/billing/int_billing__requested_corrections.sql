with requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }}
),

requested_note_voids as (
    select * from {{ ref('int_billing__requested_note_voids') }}
),

requested_invoice_voids as (
    select * from {{ ref('int_billing__requested_invoice_voids') }}
),

-- Of one command the notes come first, that for the rest second, then its void, and the void of the invoice last.
final as (
    select
        credit_note_id as correction_id, 'credit_note' as correction_type, reason, invoice_id, invoice_issued_at, invoice_creation_sequence, invoice_reason,
        customer_id, billing_entity_id, currency, issued_at, creation_sequence, destination, cast(case when is_void_at_once then 2 else 1 end as bigint) as place_after
    from requested_credits
    union all
    select
        credit_note_void_id, 'credit_note_void', 'void', invoice_id, invoice_issued_at, invoice_creation_sequence, invoice_reason,
        customer_id, billing_entity_id, currency, issued_at, creation_sequence, 'void', 3
    from requested_note_voids
    union all
    select
        invoice_void_id, 'invoice_void', 'void', invoice_id, invoice_issued_at, invoice_creation_sequence, invoice_reason,
        customer_id, billing_entity_id, currency, issued_at, creation_sequence, 'void', 4
    from requested_invoice_voids
)

select * from final
