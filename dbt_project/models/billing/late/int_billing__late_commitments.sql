with commitments as (
    select * from {{ ref('int_billing__commitments') }} where is_late
),

period_fees as (
    select * from {{ ref('int_billing__period_fees') }}
),

late_differences as (
    select * from {{ ref('int_billing__late_differences') }}
),

-- What the bill measured of the period again, with the usage that became known since the bill before it and without.
sides as (
    select distinct
        invoice_id, subscription_id, charge_id, from_at, to_at,
        '' as event_transaction_id,
        {{ middle_of('from_at', 'to_at') }} as middle_at,
        charge_before_amount_cents as before_cents,
        charge_before_amount_cents + charge_amount_cents as after_cents
    from late_differences
),

measured as (
    select
        commitments.fee_id,
        sum(sides.before_cents) as before_cents,
        sum(sides.after_cents) as after_cents
    from commitments
    inner join sides
        on commitments.invoice_id = sides.invoice_id and commitments.subscription_id = sides.subscription_id
        and sides.middle_at >= commitments.from_at and sides.middle_at < commitments.to_at
    group by commitments.fee_id
),

others as (
    select
        commitments.fee_id,
        sum(period_fees.amount_cents) as paid_cents,
        sum(case when period_fees.currency <> commitments.currency then 1 else 0 end) as foreign_fees
    from commitments
    inner join period_fees
        on commitments.subscription_id = period_fees.subscription_id
        and period_fees.settled_at <= commitments.horizon_at
        and period_fees.middle_at >= commitments.from_at and period_fees.middle_at < commitments.to_at
    left join sides
        on commitments.invoice_id = sides.invoice_id and period_fees.subscription_id = sides.subscription_id and period_fees.charge_id = sides.charge_id
        and period_fees.from_at = sides.from_at and period_fees.to_at = sides.to_at and coalesce(period_fees.event_transaction_id, '') = sides.event_transaction_id
    where sides.invoice_id is null
    group by commitments.fee_id
),

missing as (
    select
        commitments.*,
        commitments.commitment_cents - coalesce(others.paid_cents, 0) - measured.before_cents as before_cents,
        commitments.commitment_cents - coalesce(others.paid_cents, 0) - measured.after_cents as after_cents
    from commitments
    inner join measured on commitments.fee_id = measured.fee_id
    left join others on commitments.fee_id = others.fee_id
    where coalesce(others.foreign_fees, 0) = 0
),

-- Late usage first fills the minimum of its period: what had topped it up comes back, or is less (never more than the greater of minimum and usage).
final as (
    select
        fee_id, invoice_id, fee_state, customer_id, subscription_id, external_subscription_id, plan_id, plan_code, commitment_name,
        from_at, to_at, horizon_at, currency,
        {{ cents('case when before_cents > 0 then before_cents else 0 end') }} as before_cents,
        {{ cents('case when after_cents > 0 then after_cents else 0 end - case when before_cents > 0 then before_cents else 0 end') }} as changed_cents
    from missing
    where after_cents <> before_cents and (after_cents > 0 or before_cents > 0)
)

select * from final
