with billing_ticks as (
    select * from {{ ref('int_metering__billing_ticks') }}
),

terms as (
    select * from {{ ref('int_metering__subscription_terms') }}
),

invoice_commands as (
    select * from {{ ref('stg_catalog__invoice_commands') }} where command = 'finalize'
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }} where previous_subscription_id is not null
),

predecessors as (
    select distinct subscription_id, previous_subscription_id from subscriptions
),

owned as (
    select
        billing_ticks.subscription_id, billing_ticks.known_from, billing_ticks.period_index, billing_ticks.invoicing_reason, billing_ticks.ready_at,
        terms.customer_id, terms.billing_entity_id, terms.currency, terms.as_of,
        {{ plus_24_hours('billing_ticks.ready_at', 'terms.grace_days') }} as grace_ends_at
    from billing_ticks
    inner join terms on billing_ticks.subscription_id = terms.subscription_id and billing_ticks.known_from = terms.known_from
),

ended as (
    select distinct subscription_id, ready_at, billing_entity_id, currency from owned where invoicing_reason = 'terminating'
),

-- The invoices on which a bill may stand: its own, or that of the plan before it (see invoice items).
named as (
    select
        subscription_id, known_from, period_index, invoicing_reason, ready_at, as_of,
        case
            when invoicing_reason = 'periodic'
                then {{ deterministic_id(["'periodic'", 'customer_id', 'billing_entity_id', 'currency', instant_text('ready_at')]) }}
            else {{ deterministic_id(['invoicing_reason', 'subscription_id']) }}
        end as invoice_id
    from owned
    union all
    select
        owned.subscription_id, owned.known_from, owned.period_index, owned.invoicing_reason, owned.ready_at, owned.as_of,
        {{ deterministic_id(["'terminating'", 'ended.subscription_id']) }}
    from owned
    inner join predecessors on owned.subscription_id = predecessors.subscription_id
    inner join ended
        on predecessors.previous_subscription_id = ended.subscription_id and owned.ready_at = ended.ready_at
        and owned.billing_entity_id = ended.billing_entity_id and owned.currency = ended.currency
    where owned.invoicing_reason = 'starting'
),

finalized as (
    select named.subscription_id, named.known_from, named.period_index, named.invoicing_reason, min(invoice_commands.valid_from) as finalized_at
    from named
    inner join invoice_commands
        on named.invoice_id = invoice_commands.invoice_id and invoice_commands.valid_from >= named.ready_at and invoice_commands.valid_from <= named.as_of
    group by named.subscription_id, named.known_from, named.period_index, named.invoicing_reason
),

ends as (
    select
        owned.*,
        case when finalized.finalized_at < owned.grace_ends_at then finalized.finalized_at else owned.grace_ends_at end as ends_at
    from owned
    left join finalized
        on owned.subscription_id = finalized.subscription_id and owned.known_from = finalized.known_from
        and owned.period_index = finalized.period_index and owned.invoicing_reason = finalized.invoicing_reason
),

final as (
    select
        subscription_id, known_from, period_index, invoicing_reason, ready_at,
        case when ends_at > known_from then ends_at else known_from end as due_at
    from ends
)

select * from final
