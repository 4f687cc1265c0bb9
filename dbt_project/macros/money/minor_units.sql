{#- How many minor units make one unit of a currency or pricing unit: 10 to the power of its exponent, 0 to 12. -#}
{% macro minor_units(exponent) -%}
    cast(case {{ exponent }} {% for places in range(0, 13) -%} when {{ places }} then 1{{ '0' * places }} {% endfor -%} end as bigint)
{%- endmacro %}

{#- One minor unit in units of its currency, whose exponent is 0, 2 or 3. -#}
{% macro minor_unit_amount(exponent) -%}
    cast(case {{ exponent }} when 0 then '1' when 3 then '0.001' else '0.01' end as decimal(38, 3))
{%- endmacro %}

{#- Minor units with 15 decimals as units, rounded once to 15 decimals; `minor_units` is a positive whole number. -#}
{% macro from_minor_units(cents, minor_units) -%} {{ unscaled(div_round(scaled(cents, 15), minor_units), 15) }} {%- endmacro %}
