{#- A view is made anew where its SQL or its declared columns have changed; else it stays, for the same reason as a table does. -#}
{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}
    {%- set checksum = local_md5(sql ~ tojson(model.columns)) -%}
    {{ run_hooks(pre_hooks) }}
    {% if existing is not none and not flags.FULL_REFRESH and view_checksum(existing) == checksum %}
        {% if config.get('contract').enforced %} {{ get_assert_columns_equivalent(sql) }} {% endif %}
        {% call noop_statement('main', 'unchanged') %} {% endcall %}
    {% else %}
        {% call statement('main') %}
            {% if existing is not none %} drop {{ existing.type }} {{ existing }}; {% endif %}
            {{ get_create_view_as_sql(target, sql) }}
            comment on view {{ target }} is '{{ checksum }}'
        {% endcall %}
    {% endif %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#- The checksum that a view was made with, which is its comment; none of another relation. -#}
{% macro view_checksum(relation) -%}
    {%- set rows = run_query("select comment from duckdb_views() where database_name = '" ~ relation.database ~ "' and schema_name = '" ~ relation.schema ~ "' and view_name = '" ~ relation.identifier ~ "'").rows -%}
    {{ return(rows[0][0] if rows else none) }}
{%- endmacro %}
