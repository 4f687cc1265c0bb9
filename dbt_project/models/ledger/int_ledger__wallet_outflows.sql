with wallet_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

wallet_use_fees as (
    select * from {{ ref('stg_books__wallet_use_fees') }}
),

invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

void_uses as (
    select * from {{ ref('int_billing__wallet_void_uses') }}
),

wallet_voids as (
    select * from {{ ref('int_billing__wallet_voids') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

-- What a wallet pays of an invoice is one transaction, whatever classes of credits it took; uses of before lines were kept have none.
outflows as (
    select
        {{ deterministic_id(["'wallet_invoiced'", 'wallet_uses.invoice_id', 'wallet_uses.wallet_id']) }} as outbound_transaction_id,
        wallet_uses.wallet_id, wallet_uses.customer_id, wallet_uses.credit_class, wallet_uses.inbound_priority,
        wallet_uses.invoice_id, wallet_use_fees.fee_id, wallet_uses.issued_at as moved_at,
        1 as movement_class, coalesce(invoices.customer_sequence, 0) as customer_sequence,
        coalesce(wallet_use_fees.amount_cents, wallet_uses.amount_cents) as amount_cents
    from wallet_uses
    inner join invoices on wallet_uses.invoice_id = invoices.invoice_id
    left join wallet_use_fees on wallet_uses.wallet_use_id = wallet_use_fees.wallet_use_id
    union all
    select
        void_uses.wallet_transaction_id, void_uses.wallet_id, wallet_voids.customer_id, void_uses.credit_class, void_uses.inbound_priority,
        null, null, void_uses.voided_at, 0, wallet_voids.creation_sequence, void_uses.amount_cents
    from void_uses
    inner join wallet_voids on void_uses.wallet_transaction_id = wallet_voids.wallet_transaction_id
),

final as (
    select
        outflows.outbound_transaction_id, outflows.wallet_id, outflows.customer_id, outflows.credit_class, outflows.inbound_priority,
        outflows.invoice_id, outflows.fee_id, outflows.moved_at,
        cast(outflows.movement_class as bigint) as movement_class,
        cast(outflows.customer_sequence as bigint) as customer_sequence,
        outflows.amount_cents
    from outflows
    inner join horizons on outflows.customer_id = horizons.customer_id and outflows.moved_at <= horizons.as_of
)

select * from final
