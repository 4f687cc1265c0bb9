with top_up_ticks as (
    select * from {{ ref('int_metering__top_up_ticks') }}
),

waiting as (
    select * from {{ ref('int_billing__settlement_waiting') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

issued_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

issued_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

wallet_top_ups as (
    select * from {{ ref('stg_books__wallet_top_ups') }}
),

held_usage as (
    select * from {{ ref('int_billing__held_usage') }} where bill_state = 'due'
),

documents as (
    select customer_id, issued_at from issued_invoices
    union all
    select customer_id, issued_at from issued_fees
    union all
    select customer_id, issued_at from issued_credit_notes
    union all
    select customer_id, issued_at from issued_voids
),

settled as (
    select customer_id, max(issued_at) as settled_to_at
    from documents
    group by customer_id
),

topped as (
    select customer_id, max(topped_up_at) as topped_to_at
    from wallet_top_ups
    group by customer_id
),

to_come as (
    select customer_id, issued_at as comes_at from waiting
    union all
    select customer_id, horizon_at from held_usage
),

coming as (
    select customer_id, min(comes_at) as comes_at
    from to_come
    group by customer_id
),

-- A wallet is looked at when every document up to the tick is settled, and before any later one is.
final as (
    select top_up_ticks.customer_id, top_up_ticks.recurring_transaction_rule_id, top_up_ticks.checked_at
    from top_up_ticks
    left join settled on top_up_ticks.customer_id = settled.customer_id
    left join topped on top_up_ticks.customer_id = topped.customer_id
    left join coming on top_up_ticks.customer_id = coming.customer_id
    where (settled.settled_to_at is null or top_up_ticks.checked_at >= settled.settled_to_at)
        and (topped.topped_to_at is null or top_up_ticks.checked_at > topped.topped_to_at)
        and (coming.comes_at is null or top_up_ticks.checked_at < coming.comes_at)
)

select * from final
