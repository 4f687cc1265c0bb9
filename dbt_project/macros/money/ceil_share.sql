{#- `days` of `period_days` of a quantity, rounded up at the fifth decimal (rating, section 2.9): prorated units of a recurring metric. -#}
{% macro ceil_share(expression, days, period_days) -%}
    {{ unscaled(div_ceil(scaled(expression, 12) ~ ' * (' ~ days ~ ')', '(' ~ period_days ~ ' * 10000000)'), 5) }}
{%- endmacro %}
