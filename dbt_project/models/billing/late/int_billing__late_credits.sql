with late_differences as (
    select * from {{ ref('int_billing__late_differences') }} where is_due and charge_amount_cents < 0
),

unissued_invoices as (
    select * from {{ ref('int_billing__unissued_invoices') }} where invoice_type = 'subscription' and is_due
),

unissued_fees as (
    select * from {{ ref('int_billing__fees') }} where fee_type = 'charge' and event_transaction_id is null
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }} where invoice_type = 'subscription'
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }} where fee_type = 'charge' and event_transaction_id is null
),

reductions as (
    select distinct
        late_differences.invoice_id as bill_id, late_differences.customer_id, unissued_invoices.billing_entity_id, late_differences.subscription_id, late_differences.currency,
        late_differences.from_at, late_differences.to_at, late_differences.charge_id, unissued_invoices.issued_at, unissued_invoices.creation_sequence,
        -late_differences.charge_amount_cents as reduced_cents, late_differences.charge_before_amount_cents as before_cents,
        case late_differences.late_usage_policy when 'credit_note' then 'correction' else 'credit' end as destination
    from late_differences
    inner join unissued_invoices on late_differences.invoice_id = unissued_invoices.invoice_id
),

-- What was billed of the period: on its own invoice, and by lines of late usage since.
billed as (
    select
        unissued_fees.fee_id, unissued_fees.invoice_id, unissued_fees.subscription_id, unissued_fees.charge_id, unissued_fees.from_at, unissued_fees.to_at, unissued_fees.amount_cents,
        unissued_invoices.issued_at as invoice_issued_at, unissued_invoices.creation_sequence as invoice_creation_sequence, unissued_invoices.invoicing_reason as invoice_reason
    from unissued_fees
    inner join unissued_invoices on unissued_fees.invoice_id = unissued_invoices.invoice_id
    left join issued_fees on unissued_fees.fee_id = issued_fees.fee_id
    where issued_fees.fee_id is null
    union all
    select
        issued_fees.fee_id, issued_fees.invoice_id, issued_fees.subscription_id, issued_fees.charge_id, issued_fees.from_at, issued_fees.to_at, issued_fees.amount_cents,
        issued_invoices.issued_at, 0, ''
    from issued_fees
    inner join issued_invoices on issued_fees.invoice_id = issued_invoices.invoice_id
),

stacked as (
    select
        reductions.*, billed.fee_id, billed.invoice_id, billed.invoice_issued_at, billed.invoice_creation_sequence, billed.invoice_reason, billed.amount_cents,
        {{ running_sum('billed.amount_cents', 'reductions.bill_id, reductions.subscription_id, reductions.from_at, reductions.charge_id', 'billed.invoice_issued_at, billed.fee_id') }} as through_cents,
        sum(billed.amount_cents) over (partition by reductions.bill_id, reductions.subscription_id, reductions.from_at, reductions.charge_id) - reductions.before_cents as returned_cents
    from reductions
    inner join billed
        on reductions.subscription_id = billed.subscription_id and reductions.charge_id = billed.charge_id
        and reductions.from_at = billed.from_at and reductions.to_at = billed.to_at and billed.invoice_issued_at < reductions.issued_at
),

-- What earlier notes of late usage gave back came off the oldest lines, and this one goes on from there: no state is needed to know where.
taken as (
    select
        *,
        case when through_cents < returned_cents + reduced_cents then through_cents else returned_cents + reduced_cents end
        - case when through_cents - amount_cents > returned_cents then through_cents - amount_cents else returned_cents end as taken_cents
    from stacked
),

final as (
    select
        {{ deterministic_id(["'late_usage_note'", 'bill_id', 'invoice_id', 'destination']) }} as credit_note_id,
        invoice_id, invoice_issued_at, cast(invoice_creation_sequence as bigint) as invoice_creation_sequence, invoice_reason, fee_id,
        customer_id, billing_entity_id, subscription_id, currency, destination, issued_at, creation_sequence,
        {{ share('taken_cents') }} as precise_amount_cents
    from taken
    where taken_cents > 0
)

select * from final
