with wallet_candidates as (
    select * from {{ ref('int_billing__wallet_candidates') }}
),

wallet_rank_lines as (
    select * from {{ ref('int_billing__wallet_rank_lines') }}
),

wallet_uses as (
    select * from {{ source('settlement', 'wallet_uses') }}
),

paid as (
    select invoice_id, sum(amount_cents) as amount_cents
    from wallet_uses
    group by invoice_id
),

served as (
    select invoice_id, wallet_id, credit_class, inbound_priority, {{ round_cents('sum(remaining_cents)') }} as served_cents
    from wallet_rank_lines
    group by invoice_id, wallet_id, credit_class, inbound_priority
),

-- A wallet pays what is left of the lines that it serves, and never more than is left of the invoice.
limited as (
    select
        served.invoice_id, served.wallet_id, served.credit_class, served.inbound_priority,
        wallet_candidates.issued_at, wallet_candidates.queue_position,
        case
            when served.served_cents < wallet_candidates.sub_total_including_taxes_amount_cents - coalesce(paid.amount_cents, 0) then served.served_cents
            else wallet_candidates.sub_total_including_taxes_amount_cents - coalesce(paid.amount_cents, 0)
        end as demand_cents
    from served
    inner join wallet_candidates
        on served.invoice_id = wallet_candidates.invoice_id and served.wallet_id = wallet_candidates.wallet_id
        and served.credit_class = wallet_candidates.credit_class and served.inbound_priority = wallet_candidates.inbound_priority
    left join paid on served.invoice_id = paid.invoice_id
),

final as (
    select invoice_id, wallet_id, credit_class, inbound_priority, issued_at, queue_position, {{ cents('demand_cents') }} as demand_cents
    from limited
    where demand_cents > 0
)

select * from final
