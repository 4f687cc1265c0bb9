{#- What an applied coupon holds (invoicing, section 5): cents of a fixed amount used once, else a number of invoices; null without a limit. -#}
{% macro coupon_stock(applied) -%}
    case
            when {{ applied }}.frequency = 'forever' then null
            when {{ applied }}.frequency = 'recurring' then {{ applied }}.frequency_duration
            when {{ applied }}.percentage_rate is not null then 1
            else {{ applied }}.amount_cents
        end
{%- endmacro %}

{#- Whether the stock of an applied coupon is cents, of which a use takes its amount; of any other a use takes one. -#}
{% macro is_spent_by_amount(applied) -%}
    {{ applied }}.frequency = 'once' and {{ applied }}.percentage_rate is null
{%- endmacro %}
