{#- A quantity rounded by a metric's function (round, ceil or floor; null leaves it) at `precision` decimals, which may be
    negative. Exact: the quantity is moved to whole numbers of 10^-precision and back (rating, section 2). -#}
{% macro round_quantity(expression, rounding_function, precision) -%}
    case
        when {{ rounding_function }} is null then {{ quantity(expression) }}
        {% for places in range(-10, 12) -%}
        when {{ precision }} = {{ places }} then {{ quantity(rounded_at(expression, rounding_function, places)) }}
        {% endfor -%}
        else {{ quantity(expression) }}
    end
{%- endmacro %}

{% macro rounded_at(expression, rounding_function, places) -%}
    {%- set up = '1' ~ '0' * places if places >= 0 else '0.' ~ '0' * (-places - 1) ~ '1' -%}
    {%- set down = '1' ~ '0' * -places if places <= 0 else '0.' ~ '0' * (places - 1) ~ '1' -%}
    {%- set moved = 'cast(' ~ expression ~ ' * cast(\'' ~ up ~ '\' as decimal(38, ' ~ ([-places, 0] | max) ~ ')) as decimal(38, ' ~ (12 + ([-places, 0] | max)) ~ '))' -%}
    cast(case {{ rounding_function }} when 'ceil' then ceil({{ moved }}) when 'floor' then floor({{ moved }}) else round({{ moved }}, 0) end as decimal(38, 0))
    * cast('{{ down }}' as decimal(38, {{ [places, 0] | max }}))
{%- endmacro %}
