with credit_note_voids as (
    select * from {{ ref('stg_catalog__credit_note_voids') }}
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

-- By command, or at the moment of a note that records what the void of its invoice gives nobody.
final as (
    select
        credit_note_voids.credit_note_void_id, requested_credits.credit_note_id, requested_credits.invoice_id, requested_credits.invoice_issued_at,
        requested_credits.invoice_creation_sequence, requested_credits.invoice_reason,
        requested_credits.customer_id, requested_credits.billing_entity_id, requested_credits.currency,
        credit_note_voids.valid_from as issued_at, credit_note_voids.sequence as creation_sequence
    from credit_note_voids
    inner join requested_credits on credit_note_voids.credit_note_id = requested_credits.credit_note_id
    inner join horizons on requested_credits.customer_id = horizons.customer_id and credit_note_voids.valid_from <= horizons.as_of
    union all
    select
        {{ deterministic_id(["'void_of_rest'", 'credit_note_id']) }}, credit_note_id, invoice_id, invoice_issued_at, invoice_creation_sequence, invoice_reason,
        customer_id, billing_entity_id, currency, issued_at, creation_sequence
    from requested_credits
    where is_void_at_once
)

select * from final
