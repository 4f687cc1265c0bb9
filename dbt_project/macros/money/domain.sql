{#- The domain of money (the rating README): units, and a product of units and a price, stay below 10^14. -#}
{% macro largest_units() -%} cast('99999999999999.999999999999' as decimal(38, 12)) {%- endmacro %}

{#- The most units whose product with a price stays below 10^14, and never more than `largest_units`. Whole numbers of 10^-12 are divided,
    downwards, so nothing can overflow: a product is below 10^14 if that of its whole numbers is at most 10^38 - 1. A null price limits nothing. -#}
{% macro most_units(price) -%}
    case when {{ price }} > 1 then {{ unscaled(div_down("cast('" ~ '9' * 38 ~ "' as decimal(38, 0))", scaled(price, 12)), 12) }} else {{ largest_units() }} end
{%- endmacro %}
