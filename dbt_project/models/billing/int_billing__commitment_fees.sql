with commitments as (
    select * from {{ ref('int_billing__commitments') }}
),

rounded_fees as (
    select * from {{ ref('int_billing__rounded_fees') }} where fee_state in ('due', 'draft')
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }}
),

progressive_fees as (
    select * from {{ ref('stg_books__progressive_fees') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- Everything that the subscription pays for, on whatever bill it stands or stood; what progressive invoices billed is billed again at the period's end.
paid_for as (
    select subscription_id, from_at, to_at, horizon_at as settled_at, amount_cents
    from rounded_fees
    where fee_type in ('subscription', 'charge', 'fixed_charge')
    union all
    select issued_fees.subscription_id, issued_fees.from_at, issued_fees.to_at, issued_fees.issued_at, issued_fees.amount_cents
    from issued_fees
    left join progressive_fees on issued_fees.fee_id = progressive_fees.fee_id
    where issued_fees.fee_type in ('subscription', 'charge', 'fixed_charge') and progressive_fees.fee_id is null
),

-- A fee belongs to the period that holds its middle: another time zone moves its ends by hours.
placed as (
    select
        *,
        {{ from_epoch_microseconds(div_round(epoch_microseconds('from_at') ~ ' + ' ~ epoch_microseconds('to_at'), '2')) }} as middle_at
    from paid_for
),

counted as (
    select commitments.fee_id, {{ cents('sum(placed.amount_cents)') }} as paid_cents
    from commitments
    inner join placed
        on commitments.subscription_id = placed.subscription_id
        and placed.settled_at <= commitments.horizon_at
        and placed.middle_at >= commitments.from_at and placed.middle_at < commitments.to_at
    group by commitments.fee_id
),

missing as (
    select commitments.*, commitments.commitment_cents - coalesce(counted.paid_cents, 0) as amount_cents
    from commitments
    left join counted on commitments.fee_id = counted.fee_id
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
    where missing.amount_cents > 0
)

select * from final
