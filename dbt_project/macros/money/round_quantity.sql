{#- A quantity rounded by a metric's function (round, ceil or floor; null leaves it) to whole steps. `step` is the column
    that `rounding_step` gave; null leaves the quantity. Exact: whole numbers of 10^-12 are divided (rating, section 2). -#}
{% macro round_quantity(expression, rounding_function, step) -%}
    {%- set whole = scaled(expression, 12) -%}
    case
        when {{ rounding_function }} is null or {{ step }} is null then {{ quantity(expression) }}
        when {{ rounding_function }} = 'ceil' then {{ unscaled('(' ~ div_ceil(whole, step) ~ ') * ' ~ step, 12) }}
        when {{ rounding_function }} = 'floor' then {{ unscaled('-(' ~ div_ceil('-' ~ whole, step) ~ ') * ' ~ step, 12) }}
        else {{ unscaled(div_round(whole, step) ~ ' * ' ~ step, 12) }}
    end
{%- endmacro %}

{#- One step of `precision` decimals, which may be negative, in units of 10^-12; null where it is finer than a quantity or
    coarser than ten digits. -#}
{% macro rounding_step(precision) -%}
    case {{ precision }}
        {%- for places in range(-10, 12) %} when {{ places }} then cast('1{{ '0' * (12 - places) }}' as decimal(38, 0)){%- endfor %} end
{%- endmacro %}
