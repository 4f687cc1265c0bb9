{#- Units for the days on which they are held of a period's days: rounded to six decimals, half away from zero (rating, section 7). -#}
{% macro prorated_units(units, days, period_days) -%}
    {{ quantity(unscaled(div_round(scaled(units, 12) ~ ' * ' ~ days, period_days ~ ' * 1000000'), 6)) }}
{%- endmacro %}
