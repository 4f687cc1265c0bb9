{#- A UTC instant as local wall time, and back. Both are timestamps without a zone. -#}
{% macro local_time(instant, zone) -%} {{ return(adapter.dispatch('local_time', 'tallystick')(instant, zone)) }} {%- endmacro %}
{#- UTC is its own wall time; finding a zone's offset costs two microseconds an instant. -#}
{% macro default__local_time(instant, zone) -%} case when {{ zone }} = 'UTC' then {{ instant }} else timezone({{ zone }}, timezone('UTC', {{ instant }})) end {%- endmacro %}
{% macro spark__local_time(instant, zone) -%} cast(from_utc_timestamp({{ instant }}, {{ zone }}) as timestamp_ntz) {%- endmacro %}

{% macro utc_time(local, zone) -%} {{ return(adapter.dispatch('utc_time', 'tallystick')(local, zone)) }} {%- endmacro %}
{% macro default__utc_time(local, zone) -%} timezone('UTC', timezone({{ zone }}, cast({{ local }} as timestamp))) {%- endmacro %}
{% macro spark__utc_time(local, zone) -%} cast(to_utc_timestamp(cast({{ local }} as timestamp_ntz), {{ zone }}) as timestamp_ntz) {%- endmacro %}

{% macro local_date(instant, zone) -%} cast({{ local_time(instant, zone) }} as date) {%- endmacro %}
