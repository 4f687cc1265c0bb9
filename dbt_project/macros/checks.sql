{#- Names the model that a test over several models is a check of: its asset in Dagster. -#}
{% macro checks(model) -%} {{ config(meta={'dagster': {'ref': {'name': model}}}) }} {%- endmacro %}
