with invoices as (
    select * from {{ ref('fct_invoices') }} where status = 'finalized'
),

standalone_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

fee_payment_legs as (
    select * from {{ ref('int_ledger__fee_payment_legs') }} where account = 'receivables'
),

paid as (
    select fee_payment_legs.fee_id, sum(fee_payment_legs.amount_cents) as moved_amount_cents
    from fee_payment_legs
    inner join horizons on fee_payment_legs.customer_id = horizons.customer_id and fee_payment_legs.posted_at <= horizons.as_of
    group by fee_payment_legs.fee_id
),

-- A fee that is not invoiced is due when it is issued, until it is told to be paid.
documents as (
    select invoice_id as document_id, 'invoice' as document_type, customer_id, currency, number, issuing_date, payment_due_date, total_due_amount_cents, timezone
    from invoices
    union all
    select
        standalone_fees.fee_id, 'fee', standalone_fees.customer_id, standalone_fees.currency, null, standalone_fees.issuing_date, standalone_fees.issuing_date,
        {{ cents('standalone_fees.total_amount_cents + coalesce(paid.moved_amount_cents, 0)') }}, coalesce(customers.timezone, 'UTC')
    from standalone_fees
    left join paid on standalone_fees.fee_id = paid.fee_id
    left join customers on standalone_fees.customer_id = customers.customer_id
),

dated as (
    select documents.*, {{ local_date('horizons.as_of', 'documents.timezone') }} as aged_on
    from documents
    inner join horizons on documents.customer_id = horizons.customer_id
    where documents.total_due_amount_cents <> 0
),

aged as (
    select
        *,
        {{ days_between('payment_due_date', 'aged_on') }} as days_after_due
    from dated
),

final as (
    select
        document_id, document_type, customer_id, currency, number, issuing_date, payment_due_date, aged_on, total_due_amount_cents,
        case when days_after_due > 0 then days_after_due else 0 end as days_overdue,
        case
            when days_after_due <= 0 then 'not_due'
            when days_after_due <= 30 then '1_to_30'
            when days_after_due <= 60 then '31_to_60'
            when days_after_due <= 90 then '61_to_90'
            else 'over_90'
        end as aging_bucket
    from aged
)

select * from final
