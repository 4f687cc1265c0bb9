{#- First day of period number `index` of an anchored plan: months are counted from the anchor, so a clamped month end does
    not drift (invoicing, section 2.1). -#}
{% macro period_start(relation, index) -%}
    case when {{ relation }}.plan_interval = 'weekly'
        then {{ plus_days(relation ~ '.anchor_on', '7 * (' ~ index ~ ')') }}
        else {{ plus_months(relation ~ '.anchor_on', relation ~ '.interval_months * (' ~ index ~ ')') }} end
{%- endmacro %}
