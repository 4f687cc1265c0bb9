with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

wallet_uses as (
    select * from {{ source('settlement', 'wallet_uses') }}
),

final as (
    select
        {{ deterministic_id(['wallet_uses.invoice_id', 'wallet_uses.wallet_id', 'wallet_uses.credit_class', 'cast(wallet_uses.inbound_priority as string)']) }} as wallet_use_id,
        wallet_uses.invoice_id,
        wallet_uses.wallet_id,
        settlement_queue.customer_id,
        wallet_uses.credit_class,
        wallet_uses.inbound_priority,
        settlement_queue.currency,
        wallet_uses.amount_cents,
        settlement_queue.issued_at
    from wallet_uses
    inner join settlement_queue on wallet_uses.invoice_id = settlement_queue.invoice_id
)

select * from final
