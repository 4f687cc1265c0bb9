{%- set ranks = [1, 2, 3, 4, 5, 6] -%}
with services as (
    select * from {{ ref('int_marts__wallet_bucket_services') }}
),

-- A row per bucket, a column per wallet of the customer: what it holds, null where it does not serve the bucket.
rank_0 as (
    select
        customer_id, currency, bucket_position, max(wallet_rank) as last_rank, max(payable_cents) as left_0,
        {%- for rank in ranks %}
        max(case when wallet_rank = {{ rank }} then balance_cents end) as balance_{{ rank }}{{ ',' if not loop.last }}
        {%- endfor %}
    from services
    group by customer_id, currency, bucket_position
),

-- Wallet after wallet takes what is left of its buckets, the largest first, until it is empty.
{% for rank in ranks -%}
{%- set left = 'left_' ~ (rank - 1) -%}
{%- set reach = 'sum(case when balance_' ~ rank ~ ' is not null then ' ~ left ~ ' else 0 end) over (partition by customer_id, currency order by bucket_position rows unbounded preceding)' -%}
rank_{{ rank }} as (
    select
        *,
        case
            when balance_{{ rank }} is null or {{ reach }} - {{ left }} >= balance_{{ rank }} then {{ left }}
            when {{ reach }} > balance_{{ rank }} then {{ working(reach ~ ' - balance_' ~ rank) }}
            else 0
        end as left_{{ rank }}
    from rank_{{ rank - 1 }}
),

{% endfor -%}
-- The last wallet that may pay a bucket owes what no wallet held.
final as (
    select
        customer_id, currency,
        {%- for rank in ranks %}
        {{ round_cents('sum(left_' ~ (rank - 1) ~ ' - left_' ~ rank ~ ' + case when last_rank = ' ~ rank ~ ' then left_6 else 0 end)') }} as usage_{{ rank }}_cents{{ ',' if not loop.last }}
        {%- endfor %}
    from rank_6
    group by customer_id, currency
)

select * from final
