{#- First day of period number `index` of an anchored plan: months are counted from the anchor, so a clamped month end does
    not drift (invoicing, section 2.1). -#}
{% macro period_start(relation, index) -%}
    case when {{ relation }}.plan_interval = 'weekly'
        then {{ plus_days(relation ~ '.anchor_on', '7 * (' ~ index ~ ')') }}
        else {{ plus_months(relation ~ '.anchor_on', relation ~ '.billing_months * (' ~ index ~ ')') }} end
{%- endmacro %}

{#- Predicate: a period that would start at `starts_at` follows one that ended at `ended_at`, though a change of time zone moved
    its start (invoicing, section 1): by 26 hours, and by three days more where the anchor moves over a month's end. Five days
    tell that from a week that was never billed. -#}
{% macro is_next_period(ended_at, starts_at) -%}
    {{ epoch_microseconds(ended_at) }} >= {{ epoch_microseconds(starts_at) }} - 432000000000
    and {{ epoch_microseconds(ended_at) }} <= {{ epoch_microseconds(starts_at) }} + 432000000000
{%- endmacro %}
