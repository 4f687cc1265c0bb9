with fees as (
    select * from {{ ref('stg_books__fees') }} where fee_type <> 'credit'
),

invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

standalone_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

credit_note_items as (
    select * from {{ ref('stg_books__credit_note_items') }}
),

-- The books keep a line's exact share of the coupons. It becomes minor units as the difference of two rounded sums, so that the lines of an invoice add up.
shared as (
    select
        fees.*,
        {{ round_cents('sum(precise_coupons_amount_cents) over (partition by coalesce(invoice_id, fee_id) order by position rows unbounded preceding)') }} as coupons_through_cents,
        {{ round_cents('coalesce(sum(precise_coupons_amount_cents) over (partition by coalesce(invoice_id, fee_id) order by position rows between unbounded preceding and 1 preceding), 0)') }} as coupons_before_cents
    from fees
),

billed as (
    select
        shared.fee_id, shared.invoice_id, shared.customer_id, shared.subscription_id, shared.fee_type, shared.currency,
        {{ cents('shared.amount_cents - shared.progressive_billing_credit_amount_cents - (shared.coupons_through_cents - shared.coupons_before_cents)') }} as net_amount_cents,
        coalesce(invoices.issuing_date, standalone_fees.issuing_date) as billed_on,
        -- A fee of one event is served when it is billed, and so is what has no period.
        case when invoices.invoice_id is not null and shared.event_transaction_id is null and shared.from_at < shared.to_at
            then {{ local_date('shared.from_at', 'invoices.timezone') }} end as starts_on,
        {{ last_day('shared.to_at', 'invoices.timezone', 'false') }} as ends_on
    from shared
    left join invoices on shared.invoice_id = invoices.invoice_id
    left join standalone_fees on shared.fee_id = standalone_fees.fee_id
),

-- A note of an end gives back the days after it; one that comes later, or is about nothing with a period, is of its own day.
noted as (
    select
        credit_notes.credit_note_id, credit_notes.invoice_id, credit_notes.customer_id, credit_notes.subscription_id, credit_notes.currency,
        -credit_notes.sub_total_excluding_taxes_amount_cents as net_amount_cents,
        credit_notes.issuing_date,
        {{ plus_days('credit_notes.issuing_date', '1') }} as next_on,
        max({{ last_day('fees.to_at', 'invoices.timezone', 'false') }}) as ends_on
    from credit_notes
    inner join invoices on credit_notes.invoice_id = invoices.invoice_id and invoices.invoice_type <> 'credit'
    left join credit_note_items on credit_notes.credit_note_id = credit_note_items.credit_note_id
    left join fees on credit_note_items.fee_id = fees.fee_id
    group by
        credit_notes.credit_note_id, credit_notes.invoice_id, credit_notes.customer_id, credit_notes.subscription_id, credit_notes.currency,
        credit_notes.sub_total_excluding_taxes_amount_cents, credit_notes.issuing_date
),

final as (
    select
        fee_id as billed_line_id, invoice_id, customer_id, subscription_id, fee_type as line_type, currency, net_amount_cents, billed_on,
        coalesce(starts_on, billed_on) as service_from_on,
        case when starts_on is null then billed_on else ends_on end as service_to_on
    from billed
    where net_amount_cents <> 0
    union all
    select
        credit_note_id, invoice_id, customer_id, subscription_id, 'credit_note', currency, {{ cents('net_amount_cents') }}, issuing_date,
        case when ends_on >= next_on then next_on else issuing_date end,
        case when ends_on >= next_on then ends_on else issuing_date end
    from noted
    where net_amount_cents <> 0
)

select * from final
