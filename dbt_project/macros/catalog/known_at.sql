{#- Predicate: the version `relation` was in force, as known, at `instant` (half-open validity). -#}
{% macro known_at(relation, instant) -%}
    {{ relation }}.valid_from <= {{ instant }} and ({{ relation }}.valid_to is null or {{ instant }} < {{ relation }}.valid_to)
{%- endmacro %}
