{#- Dividing 128-bit numbers costs DuckDB 0.5 to 1 µs a row, casting a wide decimal to fewer decimals twice that; all else costs 5 to
    40 ns. So a result is guessed with binary numbers, in two steps, and exact decimals prove that it is the rounded one: it is less
    than half a step away. What is not proven (a tie, a very large number) is divided. No guess can change a digit. -#}

{#- A binary number near a decimal, for guesses alone. On DuckDB the average of one, since its cast to a double divides 128-bit numbers too. -#}
{% macro near(expression) -%} {{ return(adapter.dispatch('near', 'tallystick')(expression)) }} {%- endmacro %}
{% macro default__near(expression) -%} list_aggregate([{{ expression }}], 'avg') {%- endmacro %}
{% macro spark__near(expression) -%} cast({{ expression }} as double) {%- endmacro %}

{#- Half of a step of 10^-places, exact. -#}
{% macro half_step(places) -%} cast('0.{{ '0' * places }}5' as decimal({{ places + 1 }}, {{ places + 1 }})) {%- endmacro %}

{#- A decimal(38, 24) rounded once to 15 decimals, half away from zero. On DuckDB a fifth of the time of the cast. -#}
{% macro rounded_product(product) -%} {{ return(adapter.dispatch('rounded_product', 'tallystick')(product)) }} {%- endmacro %}
{% macro default__rounded_product(product) -%}
    {%- set first = working(near(product)) -%}
    {%- set guess = '(' ~ first ~ ' + ' ~ working(near(product ~ ' - ' ~ first)) ~ ')' -%}
    coalesce(case when abs({{ product }}) < 10000000000000 then case when abs({{ product }} - {{ guess }}) < {{ half_step(15) }} then {{ guess }} end end, {{ working(product) }})
{%- endmacro %}
{% macro spark__rounded_product(product) -%} {{ working(product) }} {%- endmacro %}

{#- dividend / divisor rounded to `places` decimals where a guess is proven, else `otherwise`; the divisor is not zero. On DuckDB a
    fifteenth of the time of long division. Decimals and whole numbers, signs are free. -#}
{% macro rounded_quotient(dividend, divisor, places, otherwise) -%} {{ return(adapter.dispatch('rounded_quotient', 'tallystick')(dividend, divisor, places, otherwise)) }} {%- endmacro %}
{% macro default__rounded_quotient(dividend, divisor, places, otherwise) -%}
    {%- set type = 'decimal(38, ' ~ places ~ ')' -%}
    {%- set first = 'cast(' ~ near(dividend) ~ ' / ' ~ near(divisor) ~ ' as ' ~ type ~ ')' -%}
    {%- set guess = '(' ~ first ~ ' + cast(' ~ near(dividend ~ ' - ' ~ first ~ ' * ' ~ divisor) ~ ' / ' ~ near(divisor) ~ ' as ' ~ type ~ '))' -%}
    coalesce(case when abs({{ dividend }}) < 10000000000 and abs({{ divisor }}) < 10000000000 then case when abs({{ dividend }} - {{ guess }} * {{ divisor }}) < abs({{ divisor }}) * {{ half_step(places) }} then {{ guess }} end end, {{ otherwise }})
{%- endmacro %}
{% macro spark__rounded_quotient(dividend, divisor, places, otherwise) -%} {{ otherwise }} {%- endmacro %}

{#- units / size rounded up to a whole number; the size is a positive whole number. -#}
{% macro whole_packages(units, size) -%} {{ return(adapter.dispatch('whole_packages', 'tallystick')(units, size)) }} {%- endmacro %}
{% macro default__whole_packages(units, size) -%}
    {%- set guess = 'cast(ceil(' ~ near(units) ~ ' / ' ~ size ~ ') as decimal(38, 0))' -%}
    coalesce(case when {{ guess }} * {{ size }} >= {{ units }} and ({{ guess }} - 1) * {{ size }} < {{ units }} then {{ guess }} end, cast({{ div_ceil(scaled(units, 12), scaled(size, 12)) }} as decimal(38, 0)))
{%- endmacro %}
{% macro spark__whole_packages(units, size) -%} cast({{ div_ceil(scaled(units, 12), scaled(size, 12)) }} as decimal(38, 0)) {%- endmacro %}
