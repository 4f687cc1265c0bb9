-- Fails if a movement does not open with what the one before closed with, does not add up, or the last leaves recurring revenue with nobody who is subscribed.
{{ checks('fct_mrr_movements') }}
with movements as (
    select
        *,
        coalesce(lag(closing_mrr_amount_cents) over (partition by customer_id, currency order by month_on), 0) as closed_before_cents,
        lead(month_on) over (partition by customer_id, currency order by month_on) is null as is_last
    from {{ ref('fct_mrr_movements') }}
),

subscribed as (
    select distinct customer_id from {{ ref('dim_subscriptions') }} where status = 'active'
)

select movements.customer_id, movements.currency, movements.month_on
from movements
left join subscribed on movements.customer_id = subscribed.customer_id
where movements.opening_mrr_amount_cents is distinct from movements.closed_before_cents
    or movements.opening_mrr_amount_cents + movements.change_mrr_amount_cents is distinct from movements.closing_mrr_amount_cents
    or (movements.is_last and movements.closing_mrr_amount_cents <> 0 and subscribed.customer_id is null)
