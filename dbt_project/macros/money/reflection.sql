{#- The running minimum that keeps a stock from falling below zero (settlement, section 5): `balance` is the running sum
    of inflows (positive) and demands (negative) in order. What is not covered of the demands so far is -least(0, minimum). -#}
{% macro uncovered(balance, partition, ordering) -%}
    case when min({{ balance }}) over (partition by {{ partition }} order by {{ ordering }} rows unbounded preceding) < 0
        then -min({{ balance }}) over (partition by {{ partition }} order by {{ ordering }} rows unbounded preceding)
        else 0 end
{%- endmacro %}
