{#- A rate in percent as a share of one. Exact: a rate has at most 10 decimals (core.domain.decimals), its share 12. -#}
{% macro percent(rate) -%} cast(cast({{ rate }} as decimal(38, 10)) * cast('0.01' as decimal(38, 2)) as decimal(38, 12)) {%- endmacro %}
