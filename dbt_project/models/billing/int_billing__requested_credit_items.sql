with termination_credits as (
    select * from {{ ref('int_billing__termination_credits') }}
),

late_credits as (
    select * from {{ ref('int_billing__late_credits') }}
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }} where destination = 'requested' or invoice_void_id is not null
),

credit_note_items as (
    select * from {{ ref('stg_catalog__credit_note_items') }}
),

unissued_fees as (
    select * from {{ ref('int_billing__fees') }} where fee_state = 'due'
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }}
),

fees as (
    select fee_id, invoice_id, amount_cents from unissued_fees
    union
    select fee_id, invoice_id, amount_cents from issued_fees
),

-- A command may name a fee twice; it is one item.
asked_for as (
    select credit_note_id, fee_id, sum(amount_cents) as amount_cents
    from credit_note_items
    group by credit_note_id, fee_id
),

final as (
    select
        credit_note_id, invoice_id, fee_id, customer_id, currency, destination,
        precise_unused_amount_cents as precise_amount_cents, precise_used_amount_cents, true as is_cumulative
    from termination_credits
    union all
    select credit_note_id, invoice_id, fee_id, customer_id, currency, destination, precise_amount_cents, {{ share('0') }}, false
    from late_credits
    union all
    select
        requested_credits.credit_note_id, requested_credits.invoice_id, asked_for.fee_id, requested_credits.customer_id, requested_credits.currency,
        requested_credits.destination, {{ share('asked_for.amount_cents') }}, {{ share('0') }}, false
    from requested_credits
    inner join asked_for on requested_credits.credit_note_id = asked_for.credit_note_id
    where requested_credits.invoice_void_id is null
    union all
    -- The notes of a void are about every fee; what of each is scaled when they are settled (int_billing__credit_note_scales).
    select
        requested_credits.credit_note_id, requested_credits.invoice_id, fees.fee_id, requested_credits.customer_id, requested_credits.currency,
        requested_credits.destination, {{ share('case when requested_credits.is_void_at_once then fees.amount_cents else 0 end') }}, {{ share('0') }}, false
    from requested_credits
    inner join fees on requested_credits.invoice_id = fees.invoice_id
    where requested_credits.invoice_void_id is not null and fees.amount_cents > 0
)

select * from final
