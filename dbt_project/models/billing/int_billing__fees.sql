with unrounded_fees as (
    select * from {{ ref('int_billing__unrounded_fees') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- Here, and only here, a fee is rounded to minor units (invoicing, section 4.5).
final as (
    select
        unrounded_fees.*,
        {{ round_money('unrounded_fees.precise_amount', 'currencies.minor_units') }} as amount_cents
    from unrounded_fees
    inner join currencies on unrounded_fees.currency = currencies.currency
)

select * from final
