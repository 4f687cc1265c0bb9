-- Fails if at any moment a wallet had paid and given more than had come into it.
{{ checks('stg_books__wallet_uses') }}
with movements as (
    select wallet_id, settled_at as moment, 0 as movement_class, amount_cents as delta
    from {{ ref('int_billing__wallet_credits') }}
    where settled_at is not null
    union all
    select wallet_id, issued_at as moment, 1 as movement_class, -amount_cents as delta
    from {{ ref('stg_books__wallet_uses') }}
    union all
    select wallet_id, voided_at as moment, 1 as movement_class, -amount_cents as delta
    from {{ ref('int_billing__wallet_void_uses') }}
),

balanced as (
    select
        wallet_id,
        sum(delta) over (partition by wallet_id order by moment, movement_class, delta desc rows unbounded preceding) as balance_cents
    from movements
)

select distinct wallet_id
from balanced
where balance_cents < 0
