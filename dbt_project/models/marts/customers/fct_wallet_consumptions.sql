with wallet_credits as (
    select * from {{ ref('int_billing__wallet_credits') }} where settled_at is not null
),

wallet_outflows as (
    select * from {{ ref('int_ledger__wallet_outflows') }}
),

-- Money out of a source meets money into it in order, first in first out: each has its place on one line of minor units.
inbound as (
    select
        wallet_transaction_id, wallet_id, credit_class, inbound_priority, amount_cents,
        sum(amount_cents) over (partition by wallet_id, credit_class, inbound_priority order by settled_at, settled_sequence, wallet_transaction_id rows unbounded preceding) as upper_cents
    from wallet_credits
),

outbound as (
    select
        *,
        sum(amount_cents) over (
            partition by wallet_id, credit_class, inbound_priority
            order by moved_at, movement_class, customer_sequence, invoice_id, outbound_transaction_id, fee_id
            rows unbounded preceding
        ) as upper_cents
    from wallet_outflows
),

met as (
    select
        inbound.wallet_transaction_id,
        outbound.outbound_transaction_id, outbound.wallet_id, outbound.customer_id, outbound.invoice_id, outbound.fee_id, outbound.moved_at as consumed_at,
        case when inbound.upper_cents < outbound.upper_cents then inbound.upper_cents else outbound.upper_cents end
        - case when inbound.upper_cents - inbound.amount_cents > outbound.upper_cents - outbound.amount_cents then inbound.upper_cents - inbound.amount_cents else outbound.upper_cents - outbound.amount_cents end as amount_cents
    from outbound
    inner join inbound
        on outbound.wallet_id = inbound.wallet_id and outbound.credit_class = inbound.credit_class and outbound.inbound_priority = inbound.inbound_priority
        and inbound.upper_cents - inbound.amount_cents < outbound.upper_cents and outbound.upper_cents - outbound.amount_cents < inbound.upper_cents
),

final as (
    select
        {{ deterministic_id(['wallet_transaction_id', 'outbound_transaction_id', "coalesce(fee_id, '')"]) }} as wallet_consumption_id,
        wallet_transaction_id, outbound_transaction_id, wallet_id, customer_id, invoice_id, fee_id, consumed_at,
        {{ cents('amount_cents') }} as amount_cents
    from met
)

select * from final
