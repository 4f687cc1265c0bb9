with service_ends as (
    select * from {{ ref('int_metering__service_ends') }} where on_termination_credit_note <> 'skip' and unused_days > 0
),

unissued_fees as (
    select * from {{ ref('int_billing__fees') }} where fee_type = 'subscription' and fee_state = 'due'
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }} where fee_type = 'subscription'
),

unissued_invoices as (
    select * from {{ ref('int_billing__unissued_invoices') }} where is_due
),

invoice_voids as (
    select * from {{ ref('stg_catalog__invoice_voids') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

plan_fees as (
    select
        unissued_fees.fee_id, unissued_fees.invoice_id, unissued_fees.subscription_id, unissued_fees.plan_id, unissued_fees.from_at, unissued_fees.to_at,
        unissued_fees.amount_cents, unissued_invoices.issued_at, unissued_invoices.creation_sequence, unissued_invoices.invoicing_reason
    from unissued_fees
    inner join unissued_invoices on unissued_fees.invoice_id = unissued_invoices.invoice_id
    union all
    select fee_id, invoice_id, subscription_id, plan_id, from_at, to_at, amount_cents, issued_at, 0, ''
    from issued_fees
),

-- The last fee of the plan, if it reaches beyond the end of the service; a fee of nothing is not credited, nor one whose invoice was void by then.
paid_ahead as (
    select
        service_ends.*,
        plan_fees.fee_id, plan_fees.invoice_id, plan_fees.plan_id, plan_fees.from_at, plan_fees.amount_cents as fee_amount_cents,
        plan_fees.issued_at as invoice_issued_at,
        plan_fees.creation_sequence as invoice_creation_sequence,
        plan_fees.invoicing_reason as invoice_reason,
        row_number() over (partition by service_ends.subscription_id order by plan_fees.from_at desc, plan_fees.fee_id) as fee_rank
    from service_ends
    inner join plan_fees on service_ends.subscription_id = plan_fees.subscription_id and plan_fees.to_at > service_ends.service_ends_at
),

-- A credit note follows its invoice: of a draft it is a draft too.
timed as (
    select
        paid_ahead.*,
        plans.amount_cents as plan_amount_cents,
        case when paid_ahead.invoice_issued_at > paid_ahead.ended_at then paid_ahead.invoice_issued_at else paid_ahead.ended_at end as issued_at,
        {{ days_between(local_date('paid_ahead.from_at', 'paid_ahead.timezone'), 'paid_ahead.unused_from_on') }} as used_days,
        invoice_voids.valid_from as voided_at
    from paid_ahead
    inner join plans on paid_ahead.plan_id = plans.plan_id and {{ known_at('plans', 'paid_ahead.invoice_issued_at') }}
    left join invoice_voids on paid_ahead.invoice_id = invoice_voids.invoice_id
    where paid_ahead.fee_rank = 1 and paid_ahead.fee_amount_cents > 0
),

final as (
    select
        {{ deterministic_id(["'termination'", 'subscription_id']) }} as credit_note_id,
        invoice_id, invoice_issued_at, invoice_creation_sequence, invoice_reason, fee_id, customer_id, billing_entity_id, subscription_id, currency,
        'order_change' as reason, on_termination_credit_note as destination, issued_at, creation_sequence,
        {{ share(unscaled(div_down('cast(plan_amount_cents as decimal(38, 0)) * unused_days * 100000', 'period_days'), 5)) }} as precise_unused_amount_cents,
        {{ share(unscaled(div_down('cast(plan_amount_cents as decimal(38, 0)) * case when used_days > 0 then used_days else 0 end * 100000', 'period_days'), 5)) }} as precise_used_amount_cents
    from timed
    where issued_at <= as_of and (voided_at is null or voided_at > issued_at)
)

select * from final
