with settlement_totals as (
    select * from {{ ref('int_billing__settlement_totals') }} where invoice_type in ('subscription', 'progressive_billing')
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

credit_note_uses as (
    select * from {{ source('settlement', 'credit_note_uses') }}
),

wallet_credits as (
    select * from {{ ref('int_billing__wallet_credits') }} where settled_at is not null
),

first_versions as (
    select wallet_id, min(sequence) as creation_sequence
    from wallets
    group by wallet_id
),

credited as (
    select invoice_id, sum(amount_cents) as amount_cents
    from credit_note_uses
    group by invoice_id
),

sources as (
    select distinct wallet_id, credit_class, inbound_priority from wallet_credits
),

eligible as (
    select
        settlement_totals.invoice_id,
        settlement_totals.customer_id,
        settlement_totals.issued_at,
        settlement_totals.queue_position,
        {{ cents('settlement_totals.sub_total_including_taxes_amount_cents - coalesce(credited.amount_cents, 0)') }} as sub_total_including_taxes_amount_cents,
        sources.wallet_id,
        sources.credit_class,
        sources.inbound_priority,
        wallets.priority as wallet_priority,
        first_versions.creation_sequence
    from settlement_totals
    inner join wallets
        on settlement_totals.customer_id = wallets.customer_id
        and settlement_totals.currency = wallets.currency
        and {{ known_at('wallets', 'settlement_totals.issued_at') }}
        and (wallets.terminated_at is null or wallets.terminated_at > settlement_totals.issued_at)
        and (wallets.expiration_at is null or wallets.expiration_at > settlement_totals.issued_at)
    left join credited on settlement_totals.invoice_id = credited.invoice_id
    inner join sources on wallets.wallet_id = sources.wallet_id
    inner join first_versions on wallets.wallet_id = first_versions.wallet_id
),

-- Wallets by priority, then age; in a wallet by the priority of what came in, granted before purchased (invoicing, section 9).
final as (
    select
        invoice_id, customer_id, issued_at, queue_position, sub_total_including_taxes_amount_cents, wallet_id, credit_class, inbound_priority,
        dense_rank() over (
            partition by customer_id order by wallet_priority, creation_sequence, wallet_id, inbound_priority, credit_class
        ) as rank_number
    from eligible
)

select * from final
