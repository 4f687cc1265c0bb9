with demands as (
    select * from {{ ref('int_billing__wallet_rank_demands') }}
),

issued_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

wallet_credits as (
    select * from {{ ref('int_billing__wallet_credits') }} where settled_at is not null
),

void_uses as (
    select * from {{ ref('int_billing__wallet_void_uses') }}
),

stocks as (
    select distinct wallet_id, credit_class, inbound_priority from demands
),

movements as (
    select
        stocks.wallet_id, stocks.credit_class, stocks.inbound_priority,
        wallet_credits.settled_at as moment, 0 as movement_class, cast(0 as bigint) as queue_position,
        cast(null as string) as invoice_id, wallet_credits.amount_cents as delta
    from stocks
    inner join wallet_credits
        on stocks.wallet_id = wallet_credits.wallet_id and stocks.credit_class = wallet_credits.credit_class and stocks.inbound_priority = wallet_credits.inbound_priority
    union all
    select
        stocks.wallet_id, stocks.credit_class, stocks.inbound_priority, issued_uses.issued_at, 1, 0, null, -issued_uses.amount_cents
    from stocks
    inner join issued_uses
        on stocks.wallet_id = issued_uses.wallet_id and stocks.credit_class = issued_uses.credit_class and stocks.inbound_priority = issued_uses.inbound_priority
    union all
    select
        stocks.wallet_id, stocks.credit_class, stocks.inbound_priority, void_uses.voided_at, 1, 0, null, -void_uses.amount_cents
    from stocks
    inner join void_uses
        on stocks.wallet_id = void_uses.wallet_id and stocks.credit_class = void_uses.credit_class and stocks.inbound_priority = void_uses.inbound_priority
    union all
    select wallet_id, credit_class, inbound_priority, issued_at, 2, queue_position, invoice_id, -demand_cents
    from demands
),

balanced as (
    select
        *,
        sum(delta) over (
            partition by wallet_id, credit_class, inbound_priority order by moment, movement_class, queue_position, invoice_id rows unbounded preceding
        ) as balance
    from movements
),

reflected as (
    select
        *,
        {{ uncovered('balance', 'wallet_id, credit_class, inbound_priority', 'moment, movement_class, queue_position, invoice_id') }} as uncovered
    from balanced
),

taken as (
    select
        invoice_id, wallet_id, credit_class, inbound_priority,
        -delta - (uncovered - lag(uncovered, 1, 0) over (partition by wallet_id, credit_class, inbound_priority order by moment, movement_class, queue_position, invoice_id)) as take_cents
    from reflected
),

final as (
    select invoice_id, wallet_id, credit_class, inbound_priority, {{ cents('take_cents') }} as amount_cents
    from taken
    where invoice_id is not null and take_cents > 0
)

select * from final
