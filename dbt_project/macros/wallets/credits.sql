{#- Credits that a number of minor units is worth, beside `minor_unit_amount` and `rate_amount`. -#}
{% macro credits_of(amount_cents) -%}
    {{ share(unit_price(working('cast(' ~ amount_cents ~ ' as decimal(38, 0)) * minor_unit_amount'), 'rate_amount')) }}
{%- endmacro %}

{#- Credits that a wallet holds. They follow from its money, but those of a void do not; so both may part by less than a minor unit, and
    no credits are left without money (invoicing, section 9.5). -#}
{% macro credits_held(balance_cents, voided_cents, voided_credits) -%}
    {{ share('case when ' ~ balance_cents ~ ' > 0 and ' ~ credits_of(balance_cents ~ ' + ' ~ voided_cents) ~ ' > ' ~ voided_credits ~ ' then ' ~ credits_of(balance_cents ~ ' + ' ~ voided_cents) ~ ' - ' ~ voided_credits ~ ' else 0 end') }}
{%- endmacro %}

{#- What a wallet that tops itself up may pay: more minor units than there are (invoicing, section 9.3). -#}
{% macro swallowed() -%} 1000000000000000000 {%- endmacro %}
