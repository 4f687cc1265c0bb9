{#- The body of a CTE: which wallets may pay which buckets. No limit, a listed fee type, or a listed metric (invoicing, section 9.1).
    Beside it stand the CTEs `wallets` (keys, wallet_id, wallet_rank, capacity_cents), `buckets` (keys, fee_type, billable_metric_id,
    bucket_position, payable_cents) and `targets` (keys, wallet_id, fee_type, billable_metric_id). -#}
{% macro bucket_services(keys) -%}
    {%- set columns -%}
        {%- for key in keys %}wallets.{{ key }}, {% endfor -%}
        wallets.wallet_id, wallets.wallet_rank, wallets.capacity_cents, buckets.bucket_position, buckets.payable_cents
    {%- endset -%}
    {%- set join -%}
        from wallets
    inner join buckets on {% for key in keys %}wallets.{{ key }} = buckets.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endset -%}
    {%- set to_targets -%}
        wallets.wallet_id = targets.wallet_id{% for key in keys %} and wallets.{{ key }} = targets.{{ key }}{% endfor %}
    {%- endset -%}
    select {{ columns }}
    {{ join }}
    left join targets on {{ to_targets }}
    where targets.wallet_id is null
    union
    select {{ columns }}
    {{ join }}
    inner join targets on {{ to_targets }} and buckets.fee_type = targets.fee_type
    union
    select {{ columns }}
    {{ join }}
    inner join targets on {{ to_targets }} and buckets.billable_metric_id = targets.billable_metric_id
{%- endmacro %}

{#- CTEs: what each wallet, by its rank, would pay of the buckets of the relation `services`; the last is `rank_usage`, a row per keys.
    Wallet after wallet takes what is left of its buckets, the largest first, until it is empty; the last wallet that may pay a
    bucket owes what no wallet held. A customer has at most six active wallets (core.domain.wallets). -#}
{% macro rank_usage(keys) -%}
{%- set keyed = keys | join(', ') -%}
{%- set ranks = [1, 2, 3, 4, 5, 6] -%}
rank_0 as (
    select
        {{ keyed }}, bucket_position, max(wallet_rank) as last_rank, max(payable_cents) as left_0,
        {%- for rank in ranks %}
        max(case when wallet_rank = {{ rank }} then capacity_cents end) as capacity_{{ rank }}{{ ',' if not loop.last }}
        {%- endfor %}
    from services
    group by {{ keyed }}, bucket_position
),

{% for rank in ranks -%}
{%- set left = 'left_' ~ (rank - 1) -%}
{%- set reach = 'sum(case when capacity_' ~ rank ~ ' is not null then ' ~ left ~ ' else 0 end) over (partition by ' ~ keyed ~ ' order by bucket_position rows unbounded preceding)' -%}
rank_{{ rank }} as (
    select
        *,
        case
            when capacity_{{ rank }} is null or {{ reach }} - {{ left }} >= capacity_{{ rank }} then {{ left }}
            when {{ reach }} > capacity_{{ rank }} then {{ working(reach ~ ' - capacity_' ~ rank) }}
            else 0
        end as left_{{ rank }}
    from rank_{{ rank - 1 }}
),

{% endfor -%}
rank_usage as (
    select
        {{ keyed }},
        {%- for rank in ranks %}
        {{ round_cents('sum(left_' ~ (rank - 1) ~ ' - left_' ~ rank ~ ' + case when last_rank = ' ~ rank ~ ' then left_6 else 0 end)') }} as usage_{{ rank }}_cents{{ ',' if not loop.last }}
        {%- endfor %}
    from rank_6
    group by {{ keyed }}
)
{%- endmacro %}

{#- What the wallet of `wallet_rank` would pay, of a row of `rank_usage`. -#}
{% macro usage_of_rank(wallet_rank) -%}
    coalesce(case {{ wallet_rank }}
        {%- for rank in [1, 2, 3, 4, 5, 6] %} when {{ rank }} then rank_usage.usage_{{ rank }}_cents{% endfor %}
    end, 0)
{%- endmacro %}
