{#- numerator / divisor at five decimals, half away from zero: a rate in percent. The divisor is a positive whole number. -#}
{% macro weighted_rate(numerator, divisor) -%}
    {{ unscaled(div_round(scaled('cast(' ~ numerator ~ ' as decimal(38, 15))', 15), divisor ~ ' * 10000000000'), 5) }}
{%- endmacro %}
