{#- A table's rows are replaced in one transaction. Where it has the declared columns already, they go and come without the table being made
    anew: a lake reads its whole catalog again after each change of a schema, which costs more than most models do. -#}
{% materialization table, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% if existing is not none and has_declared_columns(existing) %}
        {% if config.get('contract').enforced %} {{ get_assert_columns_equivalent(compiled_code) }} {% endif %}
        {% call statement('main') %}
            delete from {{ target }};
            insert into {{ target }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }})
        {% endcall %}
    {% else %}
        {% call statement('main') %}
            {% if existing is not none %} drop {{ existing.type }} {{ existing }}; {% endif %}
            {{ create_table_as(False, target, compiled_code) }}
        {% endcall %}
    {% endif %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#- Whether a relation is a table of the model's declared columns, in their order and of their types. -#}
{% macro has_declared_columns(relation) -%}
    {%- if relation.type != 'table' or flags.FULL_REFRESH -%} {{ return(false) }} {%- endif -%}
    {%- set found, declared = [], [] -%}
    {%- for row in run_query('describe ' ~ relation).rows -%}
        {%- do found.append(row[0] ~ ' ' ~ row[1] | lower | replace(' ', '')) -%}
    {%- endfor -%}
    {%- for column in model.columns.values() -%}
        {%- do declared.append(column.name ~ ' ' ~ (column.data_type or '') | lower | replace(' ', '')) -%}
    {%- endfor -%}
    {{ return(found == declared) }}
{%- endmacro %}
