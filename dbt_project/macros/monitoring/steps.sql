{#- How many whole steps of width `step` lie between `base` and `value`, both included; none below the base. All are whole
    numbers of one unit, and the step is positive. -#}
{% macro whole_steps(value, base, step) -%}
    case when {{ value }} > {{ base }} then -({{ div_ceil('(' ~ base ~ ' - ' ~ value ~ ')', step) }}) else 0 end
{%- endmacro %}
