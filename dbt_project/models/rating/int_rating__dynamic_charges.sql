with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'dynamic'
),

currencies as (
    select code, {{ minor_unit_amount('exponent') }} as minor_unit_amount from {{ ref('currencies') }}
),

-- What the events state is summed and not rounded (twelve decimals of a thousandth are fifteen); no units, no amount (rating, section 4.8).
final as (
    select
        priced_usage.usage_id,
        priced_usage.units,
        case when priced_usage.units = 0 then {{ working('0') }} else {{ working('priced_usage.precise_total_amount_cents * currencies.minor_unit_amount') }} end as amount
    from priced_usage
    inner join currencies on priced_usage.currency = currencies.code
)

select * from final
