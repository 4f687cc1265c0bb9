with commitments as (
    select * from {{ ref('int_billing__commitments') }} where not is_late
),

late_commitments as (
    select * from {{ ref('int_billing__late_commitments') }} where changed_cents > 0
),

unissued_invoices as (
    select * from {{ ref('int_billing__unissued_invoices') }}
),

period_fees as (
    select * from {{ ref('int_billing__period_fees') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

counted as (
    select
        commitments.fee_id,
        {{ cents('sum(period_fees.amount_cents)') }} as paid_cents,
        sum(case when period_fees.currency <> commitments.currency then 1 else 0 end) as foreign_fees
    from commitments
    inner join period_fees
        on commitments.subscription_id = period_fees.subscription_id
        and period_fees.settled_at <= commitments.horizon_at
        and period_fees.middle_at >= commitments.from_at and period_fees.middle_at < commitments.to_at
    group by commitments.fee_id
),

-- What two currencies paid for does not add up, so such a period is not topped up.
missing as (
    select
        commitments.fee_id, commitments.invoice_id, commitments.fee_state, commitments.customer_id, commitments.subscription_id, commitments.external_subscription_id,
        commitments.plan_id, commitments.plan_code, commitments.commitment_name, commitments.from_at, commitments.to_at, commitments.horizon_at, commitments.currency,
        commitments.commitment_cents - coalesce(counted.paid_cents, 0) as amount_cents
    from commitments
    left join counted on commitments.fee_id = counted.fee_id
    where coalesce(counted.foreign_fees, 0) = 0
    union all
    select
        fee_id, invoice_id, fee_state, customer_id, subscription_id, external_subscription_id,
        plan_id, plan_code, commitment_name, from_at, to_at, horizon_at, currency, changed_cents
    from late_commitments
),

final as (
    select
        missing.fee_id, missing.invoice_id, missing.fee_state, missing.customer_id, missing.subscription_id, missing.external_subscription_id, missing.plan_id,
        missing.plan_code as item_code,
        missing.commitment_name as item_name,
        missing.from_at, missing.to_at, missing.horizon_at, missing.currency,
        {{ working(from_minor_units('missing.amount_cents', 'currencies.minor_units')) }} as amount,
        missing.amount_cents
    from missing
    inner join currencies on missing.currency = currencies.currency
    inner join unissued_invoices on missing.invoice_id = unissued_invoices.invoice_id
    where missing.amount_cents > 0
)

select * from final
