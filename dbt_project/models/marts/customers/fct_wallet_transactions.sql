with wallet_transactions as (
    select * from {{ ref('stg_catalog__wallet_transactions') }}
),

wallet_credits as (
    select * from {{ ref('int_billing__wallet_credits') }}
),

wallet_top_ups as (
    select * from {{ ref('stg_books__wallet_top_ups') }}
),

wallet_voids as (
    select * from {{ ref('int_billing__wallet_voids') }}
),

credit_fees as (
    select * from {{ ref('int_billing__credit_fees') }}
),

wallet_outflows as (
    select * from {{ ref('int_ledger__wallet_outflows') }}
),

wallet_consumptions as (
    select * from {{ ref('fct_wallet_consumptions') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }} where valid_to is null
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- As the catalog has them at the run's horizon; what invoices took is in the books alone.
described as (
    select wallet_transactions.wallet_transaction_id, wallet_transactions.status, wallet_transactions.name, wallet_transactions.settled_at, wallet_transactions.created_at, wallet_transactions.failed_at
    from wallet_transactions
    inner join wallets on wallet_transactions.wallet_id = wallets.wallet_id
    inner join horizons on wallets.customer_id = horizons.customer_id and {{ known_at('wallet_transactions', 'horizons.as_of') }}
),

consumed as (
    select wallet_transaction_id, {{ cents('sum(amount_cents)') }} as amount_cents
    from wallet_consumptions
    group by wallet_transaction_id
),

moved as (
    select
        wallet_credits.wallet_transaction_id, wallet_credits.wallet_id, 'inbound' as transaction_type, wallet_credits.credit_class as transaction_status,
        wallet_credits.inbound_priority as priority, credit_fees.invoice_id, wallet_credits.voided_invoice_id, wallet_credits.amount_cents, cast(null as decimal(38, 5)) as credit_amount,
        case when wallet_credits.settled_at is not null then wallet_credits.amount_cents - coalesce(consumed.amount_cents, 0) end as remaining_amount_cents,
        wallet_credits.requested_at as moved_at, wallet_credits.top_up_source, wallet_credits.invoice_requires_successful_payment,
        wallet_top_ups.transaction_name as name
    from wallet_credits
    left join credit_fees on wallet_credits.wallet_transaction_id = credit_fees.wallet_transaction_id
    left join consumed on wallet_credits.wallet_transaction_id = consumed.wallet_transaction_id
    left join wallet_top_ups on wallet_credits.wallet_transaction_id = wallet_top_ups.wallet_transaction_id
    union all
    select wallet_transaction_id, wallet_id, 'outbound', 'voided', 50, null, null, amount_cents, credits, null, voided_at, 'manual', false, null
    from wallet_voids
    union all
    select outbound_transaction_id, wallet_id, 'outbound', 'invoiced', 50, invoice_id, null, {{ cents('sum(amount_cents)') }}, null, null, max(moved_at), 'manual', false, null
    from wallet_outflows
    where invoice_id is not null
    group by outbound_transaction_id, wallet_id, invoice_id
),

-- Credits follow from the money, but those of a void stay as they were asked for (invoicing, section 4.5).
final as (
    select
        moved.wallet_transaction_id, moved.wallet_id, wallets.customer_id, moved.transaction_type, moved.transaction_status,
        cast(moved.priority as bigint) as priority, moved.invoice_id, wallets.currency,
        {{ cents('moved.amount_cents') }} as amount_cents,
        coalesce(moved.credit_amount, {{ unit_price(working('cast(moved.amount_cents as decimal(38, 0)) * currencies.minor_unit_amount'), 'wallets.rate_amount', 5) }}) as credit_amount,
        {{ cents('moved.remaining_amount_cents') }} as remaining_amount_cents,
        case when moved.remaining_amount_cents is not null then {{ unit_price(working('cast(moved.remaining_amount_cents as decimal(38, 0)) * currencies.minor_unit_amount'), 'wallets.rate_amount', 5) }} end as remaining_credit_amount,
        coalesce(described.status, case when moved.transaction_status = 'purchased' then 'pending' else 'settled' end) as status, coalesce(described.name, moved.name) as name,
        case when described.wallet_transaction_id is not null then described.settled_at when moved.transaction_status <> 'purchased' then moved.moved_at end as settled_at,
        case when moved.top_up_source = 'manual' then coalesce(described.created_at, moved.moved_at) else moved.moved_at end as created_at,
        moved.top_up_source, moved.invoice_requires_successful_payment,
        described.failed_at,
        moved.voided_invoice_id
    from moved
    inner join wallets on moved.wallet_id = wallets.wallet_id
    inner join currencies on wallets.currency = currencies.currency
    left join described on moved.wallet_transaction_id = described.wallet_transaction_id
)

select * from final
