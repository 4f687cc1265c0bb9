{#- Every SQL metric and every SQL charge of this project. A new one is named here: dbt must know what a model reads before it
    has read any `meta`. CONTRIBUTING has the recipe. -#}
{% macro sql_metric_models() -%} {{ return(['sql_metric__connected_minutes']) }} {%- endmacro %}

{#- What the model of a SQL metric gives: one row per event that contributes, with what it adds to the units of its bucket. -#}
{% macro sql_metric_contract() -%}
    {{ return({
        'window_charge_id': 'varchar', 'charge_filter_id': 'varchar', 'group_key': 'varchar',
        'external_subscription_id': 'varchar', 'transaction_id': 'varchar', 'quantity': 'decimal(38,12)',
    }) }}
{%- endmacro %}
