with wallet_inflows as (
    select * from {{ ref('int_billing__wallet_inflows') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

wallet_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

movements as (
    select
        wallet_inflows.wallet_transaction_id as wallet_movement_id,
        wallet_inflows.wallet_id, wallet_inflows.customer_id, wallet_inflows.currency,
        'inflow' as movement_type,
        wallet_inflows.credit_class,
        cast(null as string) as invoice_id,
        wallet_inflows.settled_at as moved_at,
        wallet_inflows.amount_cents
    from wallet_inflows
    inner join horizons on wallet_inflows.customer_id = horizons.customer_id and wallet_inflows.settled_at <= horizons.as_of
    union all
    select
        wallet_use_id, wallet_id, customer_id, currency, 'use', credit_class, invoice_id, issued_at, -amount_cents
    from wallet_uses
),

final as (
    select
        wallet_movement_id, wallet_id, customer_id, currency, movement_type, credit_class, invoice_id, moved_at, amount_cents,
        {{ cents('sum(amount_cents) over (partition by wallet_id order by moved_at, movement_type, wallet_movement_id rows between unbounded preceding and current row)') }} as balance_cents
    from movements
)

select * from final
