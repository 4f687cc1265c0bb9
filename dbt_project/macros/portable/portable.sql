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

{#- The number that a text is: an optional minus, up to 15 digits, and an optional point with digits (rating, section 1); else null.
    A longer one is no quantity, so that one event of it cannot stop everybody's bills.
    DuckDB casts a text to decimal(18, s) forty times as fast as to decimal(38, 12), so what fits there goes that way: the same number. -#}
{% macro plain_number(text) -%} {{ return(adapter.dispatch('plain_number', 'tallystick')(text)) }} {%- endmacro %}
{% macro default__plain_number(text) -%}
    case
        when regexp_full_match({{ text }}, '-?[0-9]{1,12}([.][0-9]{1,6})?') then cast(try_cast({{ text }} as decimal(18, 6)) as decimal(38, 12))
        when regexp_full_match({{ text }}, '-?[0-9]{1,6}([.][0-9]{1,12})?') then cast(try_cast({{ text }} as decimal(18, 12)) as decimal(38, 12))
        when regexp_full_match({{ text }}, '-?0*[0-9]{1,15}([.][0-9]+)?') then try_cast({{ text }} as decimal(38, 12))
    end
{%- endmacro %}
{% macro spark__plain_number(text) -%}
    case when {{ text }} rlike '^-?0*[0-9]{1,15}([.][0-9]+)?$' then try_cast({{ text }} as decimal(38, 12)) end
{%- endmacro %}

{#- One member of a JSON object as canonical text; an empty value is null, so that a missing and an empty property are one. -#}
{% macro json_member(key, value) -%}
    '"' || {{ key }} || '":' || case when coalesce({{ value }}, '') = '' then 'null'
        else '"' || replace(replace({{ value }}, {{ backslash() }}, {{ backslash() }} || {{ backslash() }}), '"', {{ backslash() }} || '"') || '"' end
{%- endmacro %}

{#- A text of one backslash; engines differ in how they read one inside quotes. -#}
{% macro backslash() -%} chr(92) {%- endmacro %}
