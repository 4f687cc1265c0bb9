with mrr as (
    select * from {{ ref('fct_mrr') }}
),

balances as (
    select
        *,
        coalesce(lag(mrr_amount_cents) over (partition by customer_id, currency order by month_on), 0) as opening_mrr_amount_cents,
        coalesce(max(mrr_amount_cents) over (partition by customer_id, currency order by month_on rows between unbounded preceding and 1 preceding), 0) as highest_before_cents
    from mrr
),

final as (
    select
        customer_id, currency, month_on,
        case
            when opening_mrr_amount_cents = 0 and highest_before_cents = 0 then 'new'
            when opening_mrr_amount_cents = 0 then 'reactivation'
            when mrr_amount_cents = 0 then 'churn'
            when mrr_amount_cents > opening_mrr_amount_cents then 'expansion'
            else 'contraction'
        end as movement_type,
        {{ cents('opening_mrr_amount_cents') }} as opening_mrr_amount_cents,
        {{ cents('mrr_amount_cents - opening_mrr_amount_cents') }} as change_mrr_amount_cents,
        mrr_amount_cents as closing_mrr_amount_cents
    from balances
    where mrr_amount_cents <> opening_mrr_amount_cents
)

select * from final
