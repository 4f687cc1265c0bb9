with fee_payments as (
    select * from {{ ref('stg_catalog__fee_payments') }}
),

standalone_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

-- Where the money of a fee stands: with the customer, with the seller, or given back.
accounts as (
    select
        fee_id,
        valid_from,
        sequence,
        case payment_status when 'succeeded' then 'cash' when 'refunded' then 'refunded_fees' else 'receivables' end as account
    from fee_payments
),

moves as (
    select
        *,
        coalesce(lag(account) over (partition by fee_id order by sequence), 'receivables') as account_before
    from accounts
),

legs as (
    select fee_id, valid_from, sequence, account, 1 as direction from moves where account <> account_before
    union all
    select fee_id, valid_from, sequence, account_before, -1 from moves where account <> account_before
),

final as (
    select
        {{ deterministic_id(["'fee_payment'", 'legs.fee_id', 'legs.sequence', 'legs.account']) }} as ledger_entry_id,
        {{ deterministic_id(["'fee_payment'", 'legs.fee_id', 'legs.sequence']) }} as transaction_id,
        legs.fee_id,
        standalone_fees.customer_id,
        legs.account,
        standalone_fees.currency,
        {{ cents('standalone_fees.total_amount_cents * legs.direction') }} as amount_cents,
        legs.valid_from as posted_at
    from legs
    inner join standalone_fees on legs.fee_id = standalone_fees.fee_id
)

select * from final
