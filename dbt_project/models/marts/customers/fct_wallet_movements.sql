with wallet_credits as (
    select * from {{ ref('int_billing__wallet_credits') }}
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

wallet_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

movements as (
    select
        wallet_credits.wallet_transaction_id as wallet_movement_id,
        wallet_credits.wallet_id, wallet_credits.customer_id, wallet_credits.currency,
        'inflow' as movement_type,
        wallet_credits.credit_class,
        cast(null as string) as invoice_id,
        wallet_credits.settled_at as moved_at,
        wallet_credits.amount_cents
    from wallet_credits
    inner join horizons on wallet_credits.customer_id = horizons.customer_id and wallet_credits.settled_at <= horizons.as_of
    union all
    select
        wallet_uses.wallet_use_id, wallet_uses.wallet_id, wallet_uses.customer_id, wallet_uses.currency, 'use', wallet_uses.credit_class, wallet_uses.invoice_id,
        wallet_uses.issued_at, -wallet_uses.amount_cents
    from wallet_uses
    inner join horizons on wallet_uses.customer_id = horizons.customer_id and wallet_uses.issued_at <= horizons.as_of
    union all
    select
        {{ deterministic_id(['void_uses.wallet_transaction_id', 'void_uses.credit_class', 'cast(void_uses.inbound_priority as string)']) }},
        void_uses.wallet_id, wallet_voids.customer_id, wallet_voids.currency, 'void', void_uses.credit_class, null, void_uses.voided_at, -void_uses.amount_cents
    from void_uses
    inner join wallet_voids on void_uses.wallet_transaction_id = wallet_voids.wallet_transaction_id
    inner join horizons on wallet_voids.customer_id = horizons.customer_id and void_uses.voided_at <= horizons.as_of
),

final as (
    select
        wallet_movement_id, wallet_id, customer_id, currency, movement_type, credit_class, invoice_id, moved_at, amount_cents,
        {{ cents('sum(amount_cents) over (partition by wallet_id order by moved_at, movement_type, wallet_movement_id rows between unbounded preceding and current row)') }} as balance_cents
    from movements
)

select * from final
