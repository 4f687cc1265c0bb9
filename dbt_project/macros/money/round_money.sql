{#- THE step from a working amount (currency units) to settled minor units: half away from zero. `minor_units` is 1, 100 or
    1000, from the seed of currencies. -#}
{% macro round_money(amount, minor_units) -%}
    cast(round(cast({{ amount }} * cast({{ minor_units }} as decimal(38, 0)) as decimal(38, 15)), 0) as bigint)
{%- endmacro %}

{#- Rounds whole or fractional cents half away from zero. -#}
{% macro round_cents(expression) -%}
    cast(round({{ expression }}, 0) as bigint)
{%- endmacro %}
