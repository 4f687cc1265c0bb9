{#- whole * part / total in minor units at five decimals, half away from zero, by the quotient at fifteen; 0 when the total is 0. -#}
{% macro part_of(whole, part, total) -%}
    case when {{ total }} = 0 then {{ share('0') }}
        else {{ share('round(' ~ share(whole) ~ ' * ' ~ unscaled(long_div_round(scaled(share(part), 5), scaled(share(total), 5), 15), 15) ~ ', 5)') }} end
{%- endmacro %}
