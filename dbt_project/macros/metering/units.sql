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

{#- The end of a window of a weighted sum on the customer's wall clock, at the whole second of its last instant
    or after it (rating, section 2.6). -#}
{% macro window_end_microsecond(to_at, timezone) -%}
    {{ epoch_microseconds(local_time(from_epoch_microseconds(div_ceil('(' ~ epoch_microseconds(to_at) ~ ' - 1)', 1000000) ~ ' * 1000000'), timezone)) }}
{%- endmacro %}

{#- How long the change of an event lasts inside its window; `bounded` has from_at, timezone and ends_at_microsecond. -#}
{% macro held_microseconds(events, bounded) -%}
    {{ bounded }}.ends_at_microsecond
    - {{ epoch_microseconds(local_time('case when ' ~ events ~ '.is_before_window then ' ~ bounded ~ '.from_at else ' ~ events ~ '.timestamp end', bounded ~ '.timezone')) }}
{%- endmacro %}

{#- The area under the level, over the events of one group: each change times how long it lasts. Millions of units and the rest are
    summed apart, so that no sum of what events may hold can overflow. -#}
{% macro million_microseconds() -%}
    sum({{ whole_millions() }} * {{ held_weight() }})
{%- endmacro %}
{% macro rest_microseconds() -%}
    {{ quantity('sum(' ~ times_whole('field_value - ' ~ whole_millions() ~ ' * 1000000', held_weight()) ~ ')') }}
{%- endmacro %}
{% macro whole_millions() -%} cast(floor(field_value * cast('0.000001' as decimal(7, 6))) as decimal(38, 0)) {%- endmacro %}
{% macro held_weight() -%} cast(case when held_microseconds > 0 then held_microseconds else 0 end as decimal(38, 0)) {%- endmacro %}

{#- Units of a weighted sum: the area over the length of the whole period. An area that is too large to be divided counts as the least
    that is out of the domain, so that it is set aside (rating README). -#}
{% macro weighted_units(millions, rest, period_days) -%}
    {%- set is_large = 'abs(' ~ millions ~ ') > 70000000000000000000' -%}
    {%- set area = 'case when ' ~ is_large ~ ' then 0 else ' ~ quantity(millions ~ ' * 1000000 + ' ~ rest) ~ ' end' -%}
    case
        when {{ is_large }} then {{ quantity('case when ' ~ millions ~ ' > 0 then 100000000000000 else -100000000000000 end') }}
        else {{ unscaled(div_round(scaled(area, 12), period_days ~ ' * 86400000000'), 12) }}
    end
{%- endmacro %}

{#- What an event says to a key of a group, and the group of all its members: canonical JSON text in the order of the keys. -#}
{% macro group_member(key, properties) -%} {{ json_member(key, json_text(properties, key)) }} {%- endmacro %}
{% macro group_text(member, ordering) -%} '{' || {{ joined_text(member, ',', ordering) }} || '}' {%- endmacro %}
