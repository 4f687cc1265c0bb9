{#- Calendar days from one date to another. -#}
{% macro days_between(from_date, to_date) -%} {{ return(adapter.dispatch('days_between', 'tallystick')(from_date, to_date)) }} {%- endmacro %}
{% macro default__days_between(from_date, to_date) -%} cast({{ to_date }} - {{ from_date }} as bigint) {%- endmacro %}
{% macro spark__days_between(from_date, to_date) -%} cast(datediff({{ to_date }}, {{ from_date }}) as bigint) {%- endmacro %}

{#- A date moved by whole days or months. Month ends clamp: 31 January + 1 month is 28 or 29 February. -#}
{% macro plus_days(from_date, days) -%} {{ return(adapter.dispatch('plus_days', 'tallystick')(from_date, days)) }} {%- endmacro %}
{% macro default__plus_days(from_date, days) -%} cast({{ from_date }} + cast({{ days }} as integer) as date) {%- endmacro %}
{% macro spark__plus_days(from_date, days) -%} date_add({{ from_date }}, cast({{ days }} as int)) {%- endmacro %}

{% macro plus_months(from_date, months) -%} {{ return(adapter.dispatch('plus_months', 'tallystick')(from_date, months)) }} {%- endmacro %}
{% macro default__plus_months(from_date, months) -%} cast({{ from_date }} + to_months(cast({{ months }} as integer)) as date) {%- endmacro %}
{% macro spark__plus_months(from_date, months) -%} add_months({{ from_date }}, cast({{ months }} as int)) {%- endmacro %}

{#- An instant moved by whole days of 24 hours. -#}
{% macro plus_24_hours(instant, days) -%} {{ return(adapter.dispatch('plus_24_hours', 'tallystick')(instant, days)) }} {%- endmacro %}
{% macro default__plus_24_hours(instant, days) -%} ({{ instant }} + to_hours(cast(24 * {{ days }} as integer))) {%- endmacro %}
{% macro spark__plus_24_hours(instant, days) -%} ({{ instant }} + make_dt_interval(cast({{ days }} as int))) {%- endmacro %}

{#- Microseconds since the epoch, and back: exact whole numbers. -#}
{% macro epoch_microseconds(instant) -%} {{ return(adapter.dispatch('epoch_microseconds', 'tallystick')(instant)) }} {%- endmacro %}
{% macro default__epoch_microseconds(instant) -%} epoch_us({{ instant }}) {%- endmacro %}
{% macro spark__epoch_microseconds(instant) -%} unix_micros(cast({{ instant }} as timestamp)) {%- endmacro %}

{% macro from_epoch_microseconds(number) -%} {{ return(adapter.dispatch('from_epoch_microseconds', 'tallystick')(number)) }} {%- endmacro %}
{% macro default__from_epoch_microseconds(number) -%} make_timestamp(cast({{ number }} as bigint)) {%- endmacro %}
{% macro spark__from_epoch_microseconds(number) -%} cast(timestamp_micros(cast({{ number }} as bigint)) as timestamp_ntz) {%- endmacro %}

{#- First day of the week (Monday), month, quarter, half-year or year that holds a date. -#}
{% macro calendar_start(from_date, plan_interval) -%}
    case {{ plan_interval }}
        when 'weekly' then cast(date_trunc('week', {{ from_date }}) as date)
        when 'monthly' then cast(date_trunc('month', {{ from_date }}) as date)
        when 'quarterly' then cast(date_trunc('quarter', {{ from_date }}) as date)
        when 'semiannual' then {{ plus_months("cast(date_trunc('year', " ~ from_date ~ ") as date)", "case when month(" ~ from_date ~ ") > 6 then 6 else 0 end") }}
        else cast(date_trunc('year', {{ from_date }}) as date) end
{%- endmacro %}

{#- Last local day of a half-open window. A service that ends at local midnight still used the day that begins there. -#}
{% macro last_day(to_at, zone, ends_with_service) -%}
    case when {{ ends_with_service }} then {{ local_date(to_at, zone) }}
        else {{ local_date(from_epoch_microseconds(epoch_microseconds(to_at) ~ ' - 1'), zone) }} end
{%- endmacro %}
