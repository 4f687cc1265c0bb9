with invoices as (
    select * from {{ ref('stg_books__invoices') }} where status = 'finalized' and total_amount_cents > 0
),

payments as (
    select * from {{ ref('stg_catalog__payments') }} where valid_to is null
),

credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }} where offset_amount_cents <> 0
),

invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

invoice_disputes as (
    select * from {{ ref('stg_catalog__invoice_disputes') }} where valid_to is null
),

-- Overdue when the due date is before today (invoicing, section 11): from the end of that day, where the invoice was issued to.
due as (
    select *, {{ utc_time(plus_days('payment_due_date', 1), 'timezone') }} as overdue_from_at
    from invoices
),

stopping as (
    select invoice_id, issued_at as stopped_at from invoice_voids
    union all
    select invoice_id, created_at from invoice_disputes
),

stops as (
    select invoice_id, min(stopped_at) as stopped_at
    from stopping
    group by invoice_id
),

settling as (
    select invoice_id, created_at as settled_at, amount_cents from payments
    union all
    select invoice_id, issued_at, offset_amount_cents from credit_notes
),

-- What was settled before counts from the start.
changes as (
    select invoice_id, overdue_from_at as changed_at, total_amount_cents as change_amount_cents
    from due
    union all
    select due.invoice_id, case when settling.settled_at > due.overdue_from_at then settling.settled_at else due.overdue_from_at end, -settling.amount_cents
    from settling
    inner join due on settling.invoice_id = due.invoice_id
),

moments as (
    select invoice_id, changed_at, sum(change_amount_cents) as change_amount_cents
    from changes
    group by invoice_id, changed_at
),

running as (
    select
        invoice_id, changed_at,
        sum(change_amount_cents) over (partition by invoice_id order by changed_at rows between unbounded preceding and current row) as due_amount_cents,
        lead(changed_at) over (partition by invoice_id order by changed_at) as next_at,
        lead(change_amount_cents) over (partition by invoice_id order by changed_at) as next_change_amount_cents
    from moments
),

final as (
    select
        running.invoice_id, due.customer_id, due.billing_entity_id, due.currency,
        {{ cents('running.due_amount_cents') }} as due_amount_cents,
        running.changed_at as from_at,
        case when stops.stopped_at is null or stops.stopped_at > running.next_at then running.next_at else stops.stopped_at end as to_at,
        coalesce(running.due_amount_cents + running.next_change_amount_cents <= 0 and (stops.stopped_at is null or stops.stopped_at > running.next_at), false) as is_paid_off
    from running
    inner join due on running.invoice_id = due.invoice_id
    left join stops on running.invoice_id = stops.invoice_id
    where running.due_amount_cents > 0 and running.changed_at < coalesce(stops.stopped_at, timestamp '9999-12-31 00:00:00')
)

select * from final
