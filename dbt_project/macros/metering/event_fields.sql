{#- The number that an event states for its metric; null where the metric reads none, or the text is none (rating, section 1). -#}
{% macro field_number(aggregation_type, field_text) -%}
    case when {{ aggregation_type }} not in ('count_agg', 'unique_count_agg') then {{ plain_number(field_text) }} end
{%- endmacro %}

{#- Predicate: the event has what its metric counts. -#}
{% macro is_counted(aggregation_type, field_text, field_value) -%}
    case {{ aggregation_type }}
        when 'count_agg' then true
        when 'custom_agg' then true
        when 'unique_count_agg' then coalesce({{ field_text }}, '') <> ''
        else {{ field_value }} is not null
    end
{%- endmacro %}
