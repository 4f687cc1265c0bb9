{#- What names the version of a charge, or of one of its filters, that a row prices or states something of. -#}
{% macro price_id(charge_id, charge_filter_id, valid_from) -%}
    {{ charge_id }} || '|' || coalesce({{ charge_filter_id }}, '') || '|' || {{ instant_text(valid_from) }}
{%- endmacro %}
