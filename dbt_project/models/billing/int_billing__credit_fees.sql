with wallet_inflows as (
    select * from {{ ref('int_billing__wallet_inflows') }} where credit_class = 'purchased'
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

-- An invoice that waits for its payment is open until then, and issued at that moment (invoicing, section 9).
moments as (
    select
        wallet_inflows.*,
        case when wallet_inflows.invoice_requires_successful_payment then wallet_inflows.settled_at else wallet_inflows.requested_at end as due_at,
        case
            when wallet_inflows.invoice_requires_successful_payment and wallet_inflows.settled_sequence is not null then wallet_inflows.settled_sequence
            else wallet_inflows.creation_sequence
        end as due_sequence,
        horizons.as_of
    from wallet_inflows
    inner join horizons on wallet_inflows.customer_id = horizons.customer_id and wallet_inflows.requested_at <= horizons.as_of
),

final as (
    select
        {{ deterministic_id(["'credit_fee'", 'moments.wallet_transaction_id']) }} as fee_id,
        {{ deterministic_id(["'credit'", 'moments.wallet_transaction_id']) }} as invoice_id,
        moments.wallet_transaction_id,
        moments.customer_id,
        moments.currency,
        moments.requested_at,
        case when moments.due_at <= moments.as_of then moments.due_at else moments.as_of end as horizon_at,
        coalesce(moments.due_at <= moments.as_of, false) as is_due,
        coalesce(moments.failed_at <= moments.as_of and (moments.settled_at is null or moments.settled_at > moments.as_of), false) as is_failed,
        moments.due_sequence as creation_sequence,
        {{ quantity('moments.credits') }} as units,
        {{ working('cast(moments.amount_cents as decimal(38, 0)) * currencies.minor_unit_amount') }} as amount
    from moments
    inner join currencies on moments.currency = currencies.currency
)

select * from final
