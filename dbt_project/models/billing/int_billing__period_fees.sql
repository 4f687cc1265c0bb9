with rounded_fees as (
    select * from {{ ref('int_billing__rounded_fees') }} where fee_state in ('due', 'draft')
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }}
),

progressive_fees as (
    select * from {{ ref('stg_books__progressive_fees') }}
),

-- Everything that a subscription pays for, on whatever bill it stands or stood; what progressive invoices billed is billed again at the period's end.
paid_for as (
    select subscription_id, charge_id, event_transaction_id, currency, from_at, to_at, horizon_at as settled_at, amount_cents
    from rounded_fees
    where fee_type in ('subscription', 'charge', 'fixed_charge')
    union all
    select
        issued_fees.subscription_id, issued_fees.charge_id, issued_fees.event_transaction_id, issued_fees.currency, issued_fees.from_at, issued_fees.to_at,
        issued_fees.issued_at, issued_fees.amount_cents
    from issued_fees
    left join progressive_fees on issued_fees.fee_id = progressive_fees.fee_id
    where issued_fees.fee_type in ('subscription', 'charge', 'fixed_charge') and progressive_fees.fee_id is null
),

-- A fee belongs to the period that holds its middle: another time zone moves its ends by hours.
final as (
    select
        subscription_id, charge_id, event_transaction_id, currency, from_at, to_at, settled_at, amount_cents,
        {{ middle_of('from_at', 'to_at') }} as middle_at
    from paid_for
)

select * from final
