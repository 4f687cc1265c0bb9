with unissued_invoices as (
    select * from {{ ref('int_billing__unissued_invoices') }}
),

unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

periodic as (
    select invoice_id, max(grace_days) as grace_days
    from unissued_items
    where invoicing_reason = 'periodic'
    group by invoice_id
),

settings as (
    select
        unissued_invoices.invoice_id,
        unissued_invoices.ready_at,
        unissued_invoices.issued_at,
        periodic.invoice_id is not null as is_periodic,
        coalesce(periodic.grace_days, 0) as grace_days,
        coalesce(customers.timezone, billing_entities.timezone, 'UTC') as timezone,
        coalesce(customers.net_payment_term, billing_entities.net_payment_term, 0) as net_payment_term,
        coalesce(customers.issuing_date_anchor, billing_entities.issuing_date_anchor, 'next_period_start') as issuing_date_anchor,
        coalesce(customers.issuing_date_adjustment, billing_entities.issuing_date_adjustment, 'align_with_finalization_date') as issuing_date_adjustment
    from unissued_invoices
    inner join customers
        on unissued_invoices.customer_id = customers.customer_id and {{ known_at('customers', 'unissued_invoices.horizon_at') }}
    inner join billing_entities
        on unissued_invoices.billing_entity_id = billing_entities.billing_entity_id and {{ known_at('billing_entities', 'unissued_invoices.horizon_at') }}
    left join periodic on unissued_invoices.invoice_id = periodic.invoice_id
),

-- The anchor counts for periodic invoices only; a draft is dated by the day on which it becomes final (invoicing, section 11).
dated as (
    select
        invoice_id, is_periodic, timezone, net_payment_term,
        case
            when not is_periodic then {{ local_date('issued_at', 'timezone') }}
            when issuing_date_adjustment <> 'keep_anchor' and grace_days > 0 then {{ local_date('issued_at', 'timezone') }}
            when issuing_date_anchor = 'current_period_end' then {{ plus_days(local_date('ready_at', 'timezone'), '-1') }}
            else {{ local_date('ready_at', 'timezone') }}
        end as issuing_date
    from settings
),

final as (
    select
        invoice_id, is_periodic, timezone, net_payment_term, issuing_date,
        {{ plus_days('issuing_date', 'net_payment_term') }} as payment_due_date
    from dated
)

select * from final
