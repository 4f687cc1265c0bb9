{#- Every SQL metric and every SQL charge of this project. A new one is named here: dbt must know what a model reads before it
    has read any `meta`. CONTRIBUTING has the recipe. -#}
{% macro sql_metric_models() -%} {{ return(['sql_metric__connected_minutes']) }} {%- endmacro %}

{% macro sql_charge_models() -%} {{ return(['sql_charge__storage_zones']) }} {%- endmacro %}

{#- What the model of a SQL metric gives: one row per event that contributes, with what it adds to the units of its bucket. -#}
{% macro sql_metric_columns() -%}
    {{ return({
        'window_charge_id': 'varchar', 'charge_filter_id': 'varchar', 'group_key': 'varchar',
        'external_subscription_id': 'varchar', 'transaction_id': 'varchar', 'quantity': 'decimal(38,12)',
    }) }}
{%- endmacro %}

{#- What the model of a SQL charge gives: one row per quantity and step; the steps of a quantity sum to its amount. -#}
{% macro sql_charge_columns() -%}
    {{ return({
        'usage_id': 'varchar', 'position': 'bigint', 'from_value': 'decimal(38,12)', 'to_value': 'decimal(38,12)',
        'units': 'decimal(38,12)', 'per_unit_amount': 'decimal(38,12)', 'flat_amount': 'decimal(38,12)', 'amount': 'decimal(38,15)',
    }) }}
{%- endmacro %}
