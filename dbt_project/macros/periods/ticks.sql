{#- The first tick of a schedule at or after `wanted`, all in microseconds; the schedule ticks at `first` + n * `every`. -#}
{% macro first_tick(wanted, first, every) -%}
    case when {{ wanted }} <= {{ first }} then {{ from_epoch_microseconds(first) }}
        else {{ from_epoch_microseconds(first ~ ' + ' ~ every ~ ' * ' ~ div_ceil('(' ~ wanted ~ ' - ' ~ first ~ ')', every)) }} end
{%- endmacro %}
