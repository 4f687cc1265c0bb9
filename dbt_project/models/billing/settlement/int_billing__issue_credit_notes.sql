with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

requested_credits as (
    select * from {{ ref('int_billing__requested_credits') }}
),

credit_note_totals as (
    select * from {{ ref('int_billing__credit_note_totals') }}
),

credit_note_parts as (
    select * from {{ ref('int_billing__credit_note_parts') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

-- A note of nothing is closed: it takes no number, and nobody sees it.
final as (
    select
        credit_note_totals.credit_note_id,
        credit_note_totals.invoice_id,
        settlement_queue.customer_id,
        settlement_queue.billing_entity_id,
        requested_credits.subscription_id,
        case when credit_note_totals.total_amount_cents > 0 then 'finalized' else 'closed' end as status,
        requested_credits.reason,
        settlement_queue.currency,
        case when credit_note_totals.total_amount_cents > 0 then credit_note_totals.sequential_id end as sequential_id,
        {{ local_date('settlement_queue.issued_at', "coalesce(customers.timezone, billing_entities.timezone, 'UTC')") }} as issuing_date,
        case when credit_note_totals.total_amount_cents > 0 then credit_note_totals.precise_items_amount_cents else {{ share('0') }} end as precise_items_amount_cents,
        case when credit_note_totals.total_amount_cents > 0 then credit_note_totals.precise_coupons_adjustment_amount_cents else {{ share('0') }} end as precise_coupons_adjustment_amount_cents,
        case when credit_note_totals.total_amount_cents > 0 then credit_note_totals.coupons_adjustment_amount_cents else 0 end as coupons_adjustment_amount_cents,
        credit_note_totals.sub_total_excluding_taxes_amount_cents,
        case when credit_note_totals.total_amount_cents > 0 then credit_note_totals.precise_taxes_amount_cents else {{ share('0') }} end as precise_taxes_amount_cents,
        credit_note_totals.taxes_amount_cents,
        credit_note_totals.taxes_rate,
        credit_note_totals.total_amount_cents,
        credit_note_parts.credit_amount_cents,
        credit_note_parts.refund_amount_cents,
        credit_note_parts.offset_amount_cents,
        settlement_queue.issued_at,
        control.sql_bundle_id
    from credit_note_totals
    cross join control
    inner join credit_note_parts on credit_note_totals.credit_note_id = credit_note_parts.credit_note_id
    inner join settlement_queue on credit_note_totals.credit_note_id = settlement_queue.invoice_id
    inner join requested_credits on credit_note_totals.credit_note_id = requested_credits.credit_note_id
    inner join customers
        on settlement_queue.customer_id = customers.customer_id and {{ known_at('customers', 'settlement_queue.issued_at') }}
    inner join billing_entities
        on settlement_queue.billing_entity_id = billing_entities.billing_entity_id and {{ known_at('billing_entities', 'settlement_queue.issued_at') }}
)

select * from final
