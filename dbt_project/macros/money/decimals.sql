{#- The types of money. Quantities and prices carry 12 decimals, working amounts 15, shares of cents 5 (invoicing 4.5). -#}
{% macro quantity(expression) -%} cast({{ expression }} as decimal(38, 12)) {%- endmacro %}
{% macro working(expression) -%} cast({{ expression }} as decimal(38, 15)) {%- endmacro %}
{% macro share(expression) -%} cast({{ expression }} as decimal(38, 5)) {%- endmacro %}
{% macro cents(expression) -%} cast({{ expression }} as bigint) {%- endmacro %}

{#- Exact product of a quantity and a price (12 decimals each), rounded once to 15 decimals. -#}
{% macro times(left, right) -%} {{ return(adapter.dispatch('times', 'tallystick')(left, right)) }} {%- endmacro %}
{#- Narrow where nothing is to be rounded: a price of three decimals times any quantity, or a price of nine times a quantity of six (both below a
    million), has fifteen at most. 50 and 70 ns a row on DuckDB, where the cast to fewer decimals divides 128-bit numbers (1,900 ns). -#}
{% macro default__times(left, right) -%}
    {%- set price = 'try_cast(' ~ right ~ ' as decimal(18, 12))' -%}
    {%- set price_3 = 'cast(' ~ price ~ ' as decimal(18, 3))' -%}
    {%- set price_9 = 'cast(' ~ price ~ ' as decimal(18, 9))' -%}
    {%- set quantity_6 = 'cast(try_cast(' ~ left ~ ' as decimal(18, 12)) as decimal(18, 6))' -%}
    coalesce(
        case when {{ price_3 }} = {{ right }} then {{ working(quantity(left) ~ ' * ' ~ price_3) }} when {{ quantity_6 }} = {{ left }} and {{ price_9 }} = {{ right }} then {{ working('cast(' ~ quantity_6 ~ ' as decimal(38, 6)) * ' ~ price_9) }} end,
        {{ working(quantity(left) ~ ' * ' ~ quantity(right)) }})
{%- endmacro %}
{#- Needs spark.sql.decimalOperations.allowPrecisionLoss=false, which the run asserts; then the scale is 24 as in DuckDB. -#}
{% macro spark__times(left, right) -%} {{ working(quantity(left) ~ ' * ' ~ quantity(right)) }} {%- endmacro %}

{#- Exact product of a quantity and a whole number. -#}
{% macro times_whole(quantity, whole_number) -%}
    cast(cast({{ quantity }} as decimal(38, 12)) * cast({{ whole_number }} as decimal(38, 0)) as decimal(38, 12))
{%- endmacro %}

{#- An exact decimal as a whole number of 10^-places. The digits beyond `places` must be zero. On DuckDB its digits without the
    point: a third of the time of arithmetic, and it holds for all 38 digits; a fifth of that again where 18 digits are enough. -#}
{% macro scaled(expression, places) -%} {{ return(adapter.dispatch('scaled', 'tallystick')(expression, places)) }} {%- endmacro %}
{% macro default__scaled(expression, places) -%}
    coalesce(
        cast(cast(replace(cast(try_cast({{ expression }} as decimal(18, {{ places }})) as string), '.', '') as bigint) as hugeint),
        cast(replace(cast(cast({{ expression }} as decimal(38, {{ places }})) as string), '.', '') as hugeint))
{%- endmacro %}
{% macro spark__scaled(expression, places) -%}
    cast(cast({{ expression }} as decimal(38, 0)) * cast('1{{ '0' * places }}' as decimal(38, 0))
        + ({{ expression }} - cast({{ expression }} as decimal(38, 0))) * cast('1{{ '0' * places }}' as decimal(38, 0)) as decimal(38, 0))
{%- endmacro %}

{#- The whole number `expression` of 10^-places back as a decimal. -#}
{% macro unscaled(expression, places) -%}
    cast(cast({{ expression }} as decimal(38, 0)) * cast('{{ '1' if places == 0 else '0.' ~ '0' * (places - 1) ~ '1' }}' as decimal(38, {{ places }})) as decimal(38, {{ places }}))
{%- endmacro %}
