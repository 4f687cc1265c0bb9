{#- A whole number as text of at least three digits. -#}
{% macro three_places(number) -%}
    case when {{ number }} < 1000 then lpad(cast({{ number }} as string), 3, '0') else cast({{ number }} as string) end
{%- endmacro %}
