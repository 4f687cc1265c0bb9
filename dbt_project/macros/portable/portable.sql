{#- Text of a JSON object's member; null when it is absent or null. `key` is a SQL expression. -#}
{% macro json_text(document, key) -%} {{ return(adapter.dispatch('json_text', 'tallystick')(document, key)) }} {%- endmacro %}
{% macro default__json_text(document, key) -%} json_extract_string({{ document }}, '$."' || {{ key }} || '"') {%- endmacro %}
{% macro spark__json_text(document, key) -%} get_json_object({{ document }}, '$[''' || {{ key }} || ''']') {%- endmacro %}

{#- The whole numbers 0, 1, … below a bound, as a relation with one column n. -#}
{% macro whole_numbers(below) -%} {{ return(adapter.dispatch('whole_numbers', 'tallystick')(below)) }} {%- endmacro %}
{% macro default__whole_numbers(below) -%} select cast(range as bigint) as n from range(0, {{ below }}) {%- endmacro %}
{% macro spark__whole_numbers(below) -%} select cast(id as bigint) as n from range(0, {{ below }}) {%- endmacro %}

{#- Texts of a group in order, joined by a separator. -#}
{% macro joined_text(expression, separator, ordering) -%} {{ return(adapter.dispatch('joined_text', 'tallystick')(expression, separator, ordering)) }} {%- endmacro %}
{% macro default__joined_text(expression, separator, ordering) -%} string_agg({{ expression }}, '{{ separator }}' order by {{ ordering }}) {%- endmacro %}
{% macro spark__joined_text(expression, separator, ordering) -%} listagg({{ expression }}, '{{ separator }}') within group (order by {{ ordering }}) {%- endmacro %}

{#- A UUID made of facts: the same facts give the same identifier. Twin of core.ids.deterministic_id. -#}
{% macro deterministic_id(parts) -%}
    {%- set digest = "md5(" ~ parts | join(" || '|' || ") ~ ")" -%}
    substr({{ digest }}, 1, 8) || '-' || substr({{ digest }}, 9, 4) || '-' || substr({{ digest }}, 13, 4) || '-' || substr({{ digest }}, 17, 4) || '-' || substr({{ digest }}, 21, 12)
{%- endmacro %}

{#- Text of an instant, the same on both engines: microseconds since the epoch. -#}
{% macro instant_text(instant) -%} cast({{ epoch_microseconds(instant) }} as string) {%- endmacro %}

{#- Predicate: the text is an optional minus, digits, and an optional point with digits (rating, section 1). -#}
{% macro is_plain_number(text) -%} {{ return(adapter.dispatch('is_plain_number', 'tallystick')(text)) }} {%- endmacro %}
{% macro default__is_plain_number(text) -%} regexp_full_match({{ text }}, '-?[0-9]+([.][0-9]+)?') {%- endmacro %}
{% macro spark__is_plain_number(text) -%} {{ text }} rlike '^-?[0-9]+([.][0-9]+)?$' {%- endmacro %}

{#- One member of a JSON object as canonical text; an empty value is null, so that a missing and an empty property are one. -#}
{% macro json_member(key, value) -%}
    '"' || {{ key }} || '":' || case when coalesce({{ value }}, '') = '' then 'null'
        else '"' || replace(replace({{ value }}, {{ backslash() }}, {{ backslash() }} || {{ backslash() }}), '"', {{ backslash() }} || '"') || '"' end
{%- endmacro %}

{#- A text of one backslash; engines differ in how they read one inside quotes. -#}
{% macro backslash() -%} chr(92) {%- endmacro %}
