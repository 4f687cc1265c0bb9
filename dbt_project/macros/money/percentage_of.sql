{#- `rate` percent of `base`: exact up to 15 decimals, unrounded. -#}
{% macro percentage_of(base, rate) -%}
    cast(cast({{ base }} as decimal(38, 5)) * cast({{ rate }} as decimal(38, 8)) * cast('0.01' as decimal(38, 2)) as decimal(38, 15))
{%- endmacro %}
