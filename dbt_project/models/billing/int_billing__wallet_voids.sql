with wallet_transactions as (
    select * from {{ ref('stg_catalog__wallet_transactions') }} where transaction_status = 'voided'
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

wallet_inflows as (
    select * from {{ ref('int_billing__wallet_inflows') }} where credit_class = 'purchased'
),

credit_fees as (
    select * from {{ ref('int_billing__credit_fees') }}
),

credit_notes as (
    select * from {{ ref('stg_catalog__credit_notes') }} where refund_amount_cents > 0
),

credit_note_items as (
    select * from {{ ref('stg_catalog__credit_note_items') }}
),

created as (
    select wallet_transaction_id, wallet_id, credit_amount, min(valid_from) as voided_at, min(sequence) as creation_sequence
    from wallet_transactions
    group by wallet_transaction_id, wallet_id, credit_amount
),

-- Credits are floored at five decimals; what they are worth is rounded, and the credits stay as they are (invoicing, section 9.5).
valued as (
    select
        created.*,
        wallets.customer_id, wallets.currency, wallets.rate_amount,
        currencies.minor_units,
        {{ share('floor(created.credit_amount * 100000) * 0.00001') }} as credits
    from created
    inner join wallets on created.wallet_id = wallets.wallet_id and {{ known_at('wallets', 'created.voided_at') }}
    inner join currencies on wallets.currency = currencies.currency
),

-- What is given back of a top-up takes the same value out of what came in with it (invoicing, section 10.2).
refunded as (
    select
        {{ deterministic_id(["'credit_note_void'", 'credit_note_items.credit_note_item_id']) }} as wallet_transaction_id,
        credit_notes.credit_note_id, wallet_inflows.wallet_id, wallet_inflows.customer_id, wallet_inflows.currency, wallet_inflows.inbound_priority,
        credit_notes.valid_from as voided_at, credit_notes.sequence as creation_sequence, credit_note_items.amount_cents,
        wallet_inflows.amount_cents as inflow_cents, wallet_inflows.credits as inflow_credits
    from credit_notes
    inner join credit_note_items on credit_notes.credit_note_id = credit_note_items.credit_note_id
    inner join credit_fees on credit_note_items.fee_id = credit_fees.fee_id
    inner join wallet_inflows on credit_fees.wallet_transaction_id = wallet_inflows.wallet_transaction_id
),

final as (
    select
        wallet_transaction_id, wallet_id, customer_id, currency, credits, voided_at, creation_sequence,
        {{ round_money(times('credits', 'rate_amount'), 'minor_units') }} as amount_cents,
        cast(null as string) as credit_note_id, cast(null as string) as credit_class, cast(null as bigint) as inbound_priority
    from valued
    union all
    select
        wallet_transaction_id, wallet_id, customer_id, currency,
        {{ part_of('inflow_credits', 'amount_cents', 'inflow_cents') }}, voided_at, creation_sequence,
        amount_cents, credit_note_id, 'purchased', inbound_priority
    from refunded
)

select * from final
