with termination_credits as (
    select * from {{ ref('int_billing__termination_credits') }}
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }} where destination = 'requested'
),

credit_note_items as (
    select * from {{ ref('stg_catalog__credit_note_items') }}
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
        precise_unused_amount_cents as precise_amount_cents, precise_used_amount_cents
    from termination_credits
    union all
    select
        requested_credits.credit_note_id, requested_credits.invoice_id, asked_for.fee_id, requested_credits.customer_id, requested_credits.currency,
        requested_credits.destination, {{ share('asked_for.amount_cents') }}, {{ share('0') }}
    from requested_credits
    inner join asked_for on requested_credits.credit_note_id = asked_for.credit_note_id
)

select * from final
