{#- The types of money. Quantities and prices carry 12 decimals, working amounts 15, shares of cents 5 (invoicing 4.5). -#}
{% macro quantity(expression) -%} cast({{ expression }} as decimal(38, 12)) {%- endmacro %}
{% macro working(expression) -%} cast({{ expression }} as decimal(38, 15)) {%- endmacro %}
{% macro share(expression) -%} cast({{ expression }} as decimal(38, 5)) {%- endmacro %}
{% macro cents(expression) -%} cast({{ expression }} as bigint) {%- endmacro %}

{#- Exact product of a quantity and a price (12 decimals each), rounded once to 15 decimals. Spark needs
    spark.sql.decimalOperations.allowPrecisionLoss=false, which the run asserts; then the scale of the product is 24 as in DuckDB. -#}
{% macro times(left, right) -%} {{ rounded_product('cast(' ~ left ~ ' as decimal(38, 12)) * cast(' ~ right ~ ' as decimal(38, 12))') }} {%- endmacro %}

{#- Exact product of a quantity and a whole number. -#}
{% macro times_whole(quantity, whole_number) -%}
    cast(cast({{ quantity }} as decimal(38, 12)) * cast({{ whole_number }} as decimal(38, 0)) as decimal(38, 12))
{%- endmacro %}

{#- An exact decimal as a whole number of 10^-places. The digits beyond `places` must be zero. On DuckDB its digits without the
    point: a third of the time of arithmetic, and it holds for all 38 digits. -#}
{% macro scaled(expression, places) -%} {{ return(adapter.dispatch('scaled', 'tallystick')(expression, places)) }} {%- endmacro %}
{% macro default__scaled(expression, places) -%}
    cast(replace(cast(cast({{ expression }} as decimal(38, {{ places }})) as string), '.', '') as hugeint)
{%- endmacro %}
{% macro spark__scaled(expression, places) -%}
    cast(cast({{ expression }} as decimal(38, 0)) * cast('1{{ '0' * places }}' as decimal(38, 0))
        + ({{ expression }} - cast({{ expression }} as decimal(38, 0))) * cast('1{{ '0' * places }}' as decimal(38, 0)) as decimal(38, 0))
{%- endmacro %}

{#- The whole number `expression` of 10^-places back as a decimal. -#}
{% macro unscaled(expression, places) -%}
    cast(cast({{ expression }} as decimal(38, 0)) * cast('{{ '1' if places == 0 else '0.' ~ '0' * (places - 1) ~ '1' }}' as decimal(38, {{ places }})) as decimal(38, {{ places }}))
{%- endmacro %}
