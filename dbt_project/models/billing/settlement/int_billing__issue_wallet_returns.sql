with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }} where invoice_type = 'invoice_void'
),

requested_invoice_voids as (
    select * from {{ ref('int_billing__requested_invoice_voids') }} where not generate_credit_note
),

issued_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

-- What a wallet had paid comes back as granted credits while it is in use (invoicing, section 9.5); with credit notes it does not (section 11).
final as (
    select
        {{ deterministic_id(["'wallet_return'", 'requested_invoice_voids.invoice_void_id', 'issued_uses.wallet_id']) }} as wallet_return_id,
        requested_invoice_voids.invoice_void_id, requested_invoice_voids.invoice_id, issued_uses.wallet_id,
        settlement_queue.customer_id, settlement_queue.currency,
        'granted' as credit_class,
        cast(50 as bigint) as inbound_priority,
        {{ cents('sum(issued_uses.amount_cents)') }} as amount_cents,
        settlement_queue.issued_at
    from settlement_queue
    inner join requested_invoice_voids on settlement_queue.invoice_id = requested_invoice_voids.invoice_void_id
    inner join issued_uses on requested_invoice_voids.invoice_id = issued_uses.invoice_id
    inner join wallets
        on issued_uses.wallet_id = wallets.wallet_id
        and {{ known_at('wallets', 'settlement_queue.issued_at') }}
        and (wallets.terminated_at is null or wallets.terminated_at > settlement_queue.issued_at)
        and (wallets.expiration_at is null or wallets.expiration_at > settlement_queue.issued_at)
    group by
        requested_invoice_voids.invoice_void_id, requested_invoice_voids.invoice_id, issued_uses.wallet_id,
        settlement_queue.customer_id, settlement_queue.currency, settlement_queue.issued_at
)

select * from final
