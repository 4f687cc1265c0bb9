{#- Whole-number division of two numbers of one sign, downwards. On DuckDB in 64 bits where both fit (3 ns a row), else in 128 (500). -#}
{% macro whole_quotient(numerator, divisor) -%} {{ return(adapter.dispatch('whole_quotient', 'tallystick')(numerator, divisor)) }} {%- endmacro %}
{% macro default__whole_quotient(numerator, divisor) -%}
    coalesce(cast(try_cast({{ numerator }} as bigint) // try_cast({{ divisor }} as bigint) as hugeint), cast({{ numerator }} as hugeint) // cast({{ divisor }} as hugeint))
{%- endmacro %}
{% macro spark__whole_quotient(numerator, divisor) -%} cast(({{ numerator }}) div ({{ divisor }}) as decimal(38, 0)) {%- endmacro %}

{#- Whole-number division, rounded half away from zero. The divisor must be positive. -#}
{% macro div_round(numerator, divisor) -%} {{ return(adapter.dispatch('div_round', 'tallystick')(numerator, divisor)) }} {%- endmacro %}
{% macro default__div_round(numerator, divisor) -%}
    (sign({{ numerator }}) * {{ whole_quotient('2 * abs(' ~ numerator ~ ') + (' ~ divisor ~ ')', '2 * (' ~ divisor ~ ')') }})
{%- endmacro %}
{% macro spark__div_round(numerator, divisor) -%}
    (cast(sign({{ numerator }}) as decimal(38, 0)) * cast((2 * abs(cast({{ numerator }} as decimal(38, 0))) + cast({{ divisor }} as decimal(38, 0))) div (2 * cast({{ divisor }} as decimal(38, 0))) as decimal(38, 0)))
{%- endmacro %}

{#- Whole-number division towards positive infinity. The divisor must be positive. -#}
{% macro div_ceil(numerator, divisor) -%} {{ return(adapter.dispatch('div_ceil', 'tallystick')(numerator, divisor)) }} {%- endmacro %}
{% macro default__div_ceil(numerator, divisor) -%}
    case when {{ numerator }} > 0 then {{ whole_quotient(numerator ~ ' + ' ~ divisor ~ ' - 1', divisor) }} else -({{ whole_quotient('-(' ~ numerator ~ ')', divisor) }}) end
{%- endmacro %}
{% macro spark__div_ceil(numerator, divisor) -%}
    case when {{ numerator }} > 0
        then cast((cast({{ numerator }} as decimal(38, 0)) + cast({{ divisor }} as decimal(38, 0)) - 1) div cast({{ divisor }} as decimal(38, 0)) as decimal(38, 0))
        else -cast((-cast({{ numerator }} as decimal(38, 0))) div cast({{ divisor }} as decimal(38, 0)) as decimal(38, 0)) end
{%- endmacro %}

{#- Whole-number division of two positive numbers, downwards. -#}
{% macro div_down(numerator, divisor) -%} {{ return(adapter.dispatch('div_down', 'tallystick')(numerator, divisor)) }} {%- endmacro %}
{% macro default__div_down(numerator, divisor) -%} (cast({{ numerator }} as hugeint) // cast({{ divisor }} as hugeint)) {%- endmacro %}
{% macro spark__div_down(numerator, divisor) -%} (cast({{ numerator }} as decimal(38, 0)) div cast({{ divisor }} as decimal(38, 0))) {%- endmacro %}

{#- numerator * 10^places / divisor, rounded half away from zero, where the whole product would be too wide: by long
    division, so that numerator and divisor may each have 26 digits. The divisor must not be zero; signs are free. -#}
{% macro long_div_round(numerator, divisor, places) -%} {{ return(adapter.dispatch('long_div_round', 'tallystick')(numerator, divisor, places)) }} {%- endmacro %}
{% macro default__long_div_round(numerator, divisor, places) -%}
    {%- set n = 'abs(' ~ numerator ~ ')' -%}{%- set d = 'abs(' ~ divisor ~ ')' -%}{%- set unit = '1' ~ '0' * places -%}
    (sign({{ numerator }}) * sign({{ divisor }}) * (({{ n }} // {{ d }}) * {{ unit }} + (({{ n }} % {{ d }}) * {{ unit }}) // {{ d }}
        + case when 2 * ((({{ n }} % {{ d }}) * {{ unit }}) % {{ d }}) >= {{ d }} then 1 else 0 end))
{%- endmacro %}
{% macro spark__long_div_round(numerator, divisor, places) -%}
    {%- set n = 'abs(' ~ numerator ~ ')' -%}{%- set d = 'abs(' ~ divisor ~ ')' -%}{%- set unit = "cast('1" ~ '0' * places ~ "' as decimal(38, 0))" -%}
    cast(sign({{ numerator }}) * sign({{ divisor }}) as decimal(38, 0)) * (cast({{ n }} div {{ d }} as decimal(38, 0)) * {{ unit }} + cast((({{ n }} % {{ d }}) * {{ unit }}) div {{ d }} as decimal(38, 0))
        + case when 2 * ((({{ n }} % {{ d }}) * {{ unit }}) % {{ d }}) >= {{ d }} then 1 else 0 end)
{%- endmacro %}

{#- amount / units at 15 decimals or fewer, rounded once, half away from zero; amount has 15 decimals, units 12; 0 when units are 0. -#}
{% macro unit_price(amount, units, places=15) -%}
    case when {{ units }} = 0 then cast(0 as decimal(38, {{ places }}))
        else {{ short_unit_price(amount, units, places, unscaled(long_div_round(scaled(amount, 15), scaled(units, 12), places - 3), places)) }} end
{%- endmacro %}

{#- The unit price of an amount below a thousand and whole units below a million, neither negative: one division in 64 bits, 0.2 us a row on
    DuckDB where the long division takes 8; else `otherwise`. Most of it is to take the amount's digits, so they are taken once, and without
    text where it has six places. -#}
{% macro short_unit_price(amount, units, places, otherwise) -%} {{ return(adapter.dispatch('short_unit_price', 'tallystick')(amount, units, places, otherwise)) }} {%- endmacro %}
{% macro default__short_unit_price(amount, units, places, otherwise) -%}
    {%- set narrow = 'try_cast(' ~ units ~ ' as decimal(18, 12))' -%}
    {%- set whole = 'cast(' ~ narrow ~ ' as decimal(18, 0))' -%}
    {%- set places_15 = 'try_cast(' ~ amount ~ ' as decimal(18, 15))' -%}
    {%- set places_6 = 'cast(' ~ places_15 ~ ' as decimal(10, 6))' -%}
    {%- set n = 'case when try_cast(' ~ places_6 ~ ' as decimal(18, 15)) = ' ~ places_15 ~ ' then 1000000000 * cast(cast(1000000 as decimal(7, 0)) * ' ~ places_6 ~ " as bigint) else cast(replace(cast(" ~ places_15 ~ " as string), '.', '') as bigint) end" -%}
    {%- set d = 'cast(' ~ whole ~ ' as bigint) * 1' ~ '0' * (15 - places) -%}
    coalesce(case when try_cast({{ whole }} as decimal(18, 12)) = {{ narrow }} and {{ units }} > 0 and {{ amount }} >= 0 then {{ unscaled('((2 * ' ~ n ~ ' + ' ~ d ~ ') // (2 * ' ~ d ~ '))', places) }} end, {{ otherwise }})
{%- endmacro %}
{% macro spark__short_unit_price(amount, units, places, otherwise) -%} {{ otherwise }} {%- endmacro %}
