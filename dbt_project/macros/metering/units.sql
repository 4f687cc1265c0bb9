{#- Units of a count, a sum or a maximum, over the events of one group. -#}
{% macro additive_units() -%}
    case aggregation_type when 'count_agg' then count(*) when 'sum_agg' then sum(field_value) else max(field_value) end
{%- endmacro %}

{#- Place of an event in its partition, the newest first; events of one instant by when they came (rating, section 2.4). -#}
{% macro recency(partition) -%}
    row_number() over (partition by {{ partition }} order by timestamp desc, received_at desc, received_sequence desc)
{%- endmacro %}

{#- Units of a latest value: below nothing is nothing. -#}
{% macro latest_units(value) -%} case when {{ value }} < 0 then {{ quantity('0') }} else {{ value }} end {%- endmacro %}

{#- The end of a window of a weighted sum on the customer's wall clock, at the whole second (rating, section 2.6). -#}
{% macro window_end_microsecond(to_at, timezone) -%}
    {{ epoch_microseconds(local_time(from_epoch_microseconds(div_ceil(epoch_microseconds(to_at), 1000000) ~ ' * 1000000'), timezone)) }}
{%- endmacro %}

{#- How long the change of an event lasts inside its window; `bounded` has from_at, timezone and ends_at_microsecond. -#}
{% macro held_microseconds(events, bounded) -%}
    {{ bounded }}.ends_at_microsecond
    - {{ epoch_microseconds(local_time('case when ' ~ events ~ '.is_before_window then ' ~ bounded ~ '.from_at else ' ~ events ~ '.timestamp end', bounded ~ '.timezone')) }}
{%- endmacro %}

{#- The area under the level, over the events of one group: each change times how long it lasts. -#}
{% macro level_microseconds() -%}
    {{ quantity('sum(' ~ times_whole('field_value', 'case when held_microseconds > 0 then held_microseconds else 0 end') ~ ')') }}
{%- endmacro %}

{#- Units of a weighted sum: the area over the length of the whole period. -#}
{% macro weighted_units(level_microseconds, period_days) -%}
    {{ unscaled(div_round(scaled(level_microseconds, 12), period_days ~ ' * 86400000000'), 12) }}
{%- endmacro %}
