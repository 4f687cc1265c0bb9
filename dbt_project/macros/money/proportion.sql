{#- amount * part / whole at 15 decimals; amount has 15 decimals, part and whole 12. The quotient is taken at 24 decimals, in
    two runs of 12 digits, so that no product of two large numbers is needed. -#}
{% macro proportion(amount, part, whole) -%} {{ return(adapter.dispatch('proportion', 'tallystick')(amount, part, whole)) }} {%- endmacro %}
{% macro default__proportion(amount, part, whole) -%}
    {%- set divided = 'abs(' ~ scaled(part, 12) ~ ')' -%}
    {%- set divisor = 'abs(' ~ scaled(whole, 12) ~ ')' -%}
    {%- set first = '((' ~ divided ~ ' * 1000000000000) // ' ~ divisor ~ ')' -%}
    {%- set rest = '((' ~ divided ~ ' * 1000000000000) % ' ~ divisor ~ ')' -%}
    {%- set second = '((' ~ rest ~ ' * 1000000000000) // ' ~ divisor ~ ')' -%}
    cast((sign({{ part }}) * sign({{ whole }})) * (
        {{ unscaled(div_round(scaled(amount, 15) ~ ' * ' ~ first, '1000000000000'), 15) }}
        + {{ unscaled(div_round(scaled(amount, 15) ~ ' * ' ~ second, '1000000000000000000000000'), 15) }}
    ) as decimal(38, 15))
{%- endmacro %}
{% macro spark__proportion(amount, part, whole) -%}
    {%- set divided = 'abs(' ~ scaled(part, 12) ~ ')' -%}
    {%- set divisor = 'abs(' ~ scaled(whole, 12) ~ ')' -%}
    {%- set first = 'cast((' ~ divided ~ ' * 1000000000000) div ' ~ divisor ~ ' as decimal(38, 0))' -%}
    {%- set rest = 'cast((' ~ divided ~ ' * 1000000000000) % ' ~ divisor ~ ' as decimal(38, 0))' -%}
    {%- set second = 'cast((' ~ rest ~ ' * 1000000000000) div ' ~ divisor ~ ' as decimal(38, 0))' -%}
    cast((sign({{ part }}) * sign({{ whole }})) * (
        {{ unscaled(div_round(scaled(amount, 15) ~ ' * ' ~ first, '1000000000000'), 15) }}
        + {{ unscaled(div_round(scaled(amount, 15) ~ ' * ' ~ second, '1000000000000000000000000'), 15) }}
    ) as decimal(38, 15))
{%- endmacro %}

{#- A quantity held between two bounds; a null bound is none. -#}
{% macro between_bounds(value, lower, upper) -%}
    case when {{ value }} < {{ lower }} then {{ lower }} when {{ value }} > {{ upper }} then {{ upper }} else {{ value }} end
{%- endmacro %}

{#- The sum of an expression over the rows of a partition up to and including this one. -#}
{% macro running_sum(expression, partition, ordering) -%}
    sum({{ expression }}) over (partition by {{ partition }} order by {{ ordering }} rows unbounded preceding)
{%- endmacro %}
