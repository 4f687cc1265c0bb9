with payments as (
    select * from {{ ref('stg_catalog__payments') }} where valid_to is null
),

credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

invoice_disputes as (
    select * from {{ ref('stg_catalog__invoice_disputes') }} where valid_to is null
),

overdue_spans as (
    select * from {{ ref('int_ledger__overdue_spans') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

known as (
    select payments.invoice_id, payments.amount_cents as paid_amount_cents, 0 as offset_amount_cents, 0 as overdue_spans, cast(null as timestamp) as dispute_lost_at
    from payments
    inner join horizons on payments.customer_id = horizons.customer_id and payments.created_at <= horizons.as_of
    union all
    select invoice_id, 0, offset_amount_cents, 0, null
    from credit_notes
    union all
    select overdue_spans.invoice_id, 0, 0, 1, null
    from overdue_spans
    inner join horizons on overdue_spans.customer_id = horizons.customer_id and overdue_spans.from_at <= horizons.as_of
    where overdue_spans.to_at is null or horizons.as_of < overdue_spans.to_at
    union all
    select invoice_disputes.invoice_id, 0, 0, 0, invoice_disputes.created_at
    from invoice_disputes
    inner join horizons on invoice_disputes.customer_id = horizons.customer_id and invoice_disputes.created_at <= horizons.as_of
),

final as (
    select
        invoice_id,
        {{ cents('sum(paid_amount_cents)') }} as paid_amount_cents,
        {{ cents('sum(offset_amount_cents)') }} as offset_amount_cents,
        sum(overdue_spans) > 0 as payment_overdue,
        min(dispute_lost_at) as payment_dispute_lost_at
    from known
    group by invoice_id
)

select * from final
