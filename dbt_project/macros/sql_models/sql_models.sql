{#- The rows of the SQL metrics (kind sql_metric) or SQL charges (sql_charge), each under the name in its `meta`. -#}
{% macro rows_of_sql_models(kind, models, contract) -%}
    {{ check_sql_models(kind, models, contract) }}
    {%- for model in models %}
    {% if not loop.first %}union all{% endif %}
    select '{{ sql_model_name(kind, model) }}' as {{ kind }}, {{ contract.keys() | join(', ') }} from {{ ref(model) }}
    {%- endfor %}
{%- endmacro %}

{#- The names alone. -#}
{% macro names_of_sql_models(kind, models) -%}
    {%- for model in models %}
    {% if not loop.first %}union all{% endif %}
    select '{{ sql_model_name(kind, model) }}' as {{ kind }}, '{{ model }}' as model_name
    {%- endfor %}
{%- endmacro %}

{#- What a metric or charge calls the model; the model's own name where dbt has no `meta`: while it
    parses, and in unit tests. -#}
{% macro sql_model_name(kind, model) -%}
    {%- set found = namespace(name=model) -%}
    {%- if execute -%}
        {%- for node in graph.get('nodes', {}).values() if node.name == model and node.config.meta.get(kind) -%}
            {%- set found.name = node.config.meta[kind] -%}
        {%- endfor -%}
    {%- endif -%}
    {{- found.name -}}
{%- endmacro %}

{#- Stops the compilation when a model with `meta.<kind>` is not registered, a registered one has no such `meta`, two have one
    name, or one does not promise the columns of the contract. -#}
{% macro check_sql_models(kind, models, contract) -%}
    {%- if execute -%}
        {%- set by_name = {} -%}
        {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' and (node.config.meta.get(kind) or node.name in models) -%}
            {%- set name = node.config.meta.get(kind) -%}
            {%- set told = node.original_file_path ~ ': the ' ~ kind ~ ' ' ~ (name or node.name) -%}
            {%- if not name -%}
                {{ exceptions.raise_compiler_error(told ~ ' has no name; add `config: {meta: {' ~ kind ~ ': NAME}}` to its YAML') }}
            {%- elif node.name not in models -%}
                {{ exceptions.raise_compiler_error(told ~ ' is not registered; add ' ~ node.name ~ ' to macros/sql_models/registry.sql') }}
            {%- elif name in by_name -%}
                {{ exceptions.raise_compiler_error(told ~ ' has the name of ' ~ by_name[name] ~ '; choose another one') }}
            {%- elif not node.config.contract.enforced -%}
                {{ exceptions.raise_compiler_error(told ~ ' has no contract; add `config: {contract: {enforced: true}}` to its YAML') }}
            {%- endif -%}
            {%- do by_name.update({name: node.name}) -%}
            {%- for column, data_type in contract.items() if (node.columns.get(column) or {}).get('data_type') != data_type -%}
                {{ exceptions.raise_compiler_error(told ~ ' must give ' ~ column ~ ' as ' ~ data_type ~ '; its contract is ' ~ contract) }}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
