{{ config(materialized='view') }}
with wallet_voids as (
    select * from {{ ref('int_billing__wallet_voids') }}
),

wallet_credits as (
    select * from {{ ref('int_billing__wallet_credits') }} where settled_at is not null
),

issued_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

voided_wallets as (
    select distinct wallet_id from wallet_voids
),

-- The sources of a wallet in the order in which they are drawn on.
sources as (
    select
        wallet_credits.wallet_id, wallet_credits.credit_class, wallet_credits.inbound_priority,
        row_number() over (partition by wallet_credits.wallet_id order by wallet_credits.inbound_priority, wallet_credits.credit_class) as source_rank
    from (select distinct wallet_id, credit_class, inbound_priority from wallet_credits) as wallet_credits
    inner join voided_wallets on wallet_credits.wallet_id = voided_wallets.wallet_id
),

reached as (
    select outer_sources.source_rank as reach, inner_sources.wallet_id, inner_sources.credit_class, inner_sources.inbound_priority
    from sources as outer_sources
    inner join sources as inner_sources on outer_sources.wallet_id = inner_sources.wallet_id and inner_sources.source_rank <= outer_sources.source_rank
),

-- What the first sources give together is what their common stock gives, so what one of them gives is the difference to those before it.
movements as (
    select
        reached.wallet_id, reached.reach, wallet_credits.settled_at as moment, 0 as movement_class,
        wallet_credits.settled_sequence as place, cast(null as string) as wallet_transaction_id, wallet_credits.amount_cents as delta
    from reached
    inner join wallet_credits
        on reached.wallet_id = wallet_credits.wallet_id and reached.credit_class = wallet_credits.credit_class and reached.inbound_priority = wallet_credits.inbound_priority
    union all
    select reached.wallet_id, reached.reach, issued_uses.issued_at, 1, 0, null, -issued_uses.amount_cents
    from reached
    inner join issued_uses
        on reached.wallet_id = issued_uses.wallet_id and reached.credit_class = issued_uses.credit_class and reached.inbound_priority = issued_uses.inbound_priority
    union all
    select sources.wallet_id, sources.source_rank, wallet_voids.voided_at, 0, wallet_voids.creation_sequence, wallet_voids.wallet_transaction_id, -wallet_voids.amount_cents
    from sources
    inner join wallet_voids on sources.wallet_id = wallet_voids.wallet_id
    left join sources as own
        on wallet_voids.wallet_id = own.wallet_id and wallet_voids.credit_class = own.credit_class and wallet_voids.inbound_priority = own.inbound_priority
    where sources.source_rank >= coalesce(own.source_rank, 1)
),

balanced as (
    select
        *,
        sum(delta) over (partition by wallet_id, reach order by moment, movement_class, place, delta, wallet_transaction_id rows unbounded preceding) as balance
    from movements
),

reflected as (
    select *, {{ uncovered('balance', 'wallet_id, reach', 'moment, movement_class, place, delta, wallet_transaction_id') }} as uncovered
    from balanced
),

taken as (
    select
        wallet_id, reach, moment, wallet_transaction_id,
        -delta - (uncovered - lag(uncovered, 1, 0) over (partition by wallet_id, reach order by moment, movement_class, place, delta, wallet_transaction_id)) as take_cents
    from reflected
),

given as (
    select
        wallet_transaction_id, wallet_id, reach, moment,
        take_cents - lag(take_cents, 1, 0) over (partition by wallet_transaction_id order by reach) as amount_cents
    from taken
    where wallet_transaction_id is not null
),

final as (
    select
        given.wallet_transaction_id, given.wallet_id, sources.credit_class, sources.inbound_priority, given.moment as voided_at,
        {{ cents('given.amount_cents') }} as amount_cents
    from given
    inner join sources on given.wallet_id = sources.wallet_id and given.reach = sources.source_rank
    where given.amount_cents > 0
)

select * from final
