with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'dynamic'
),

currencies as (
    select code, {{ minor_units('exponent') }} as minor_units from {{ ref('currencies') }}
),

-- What the events state is summed and not rounded; no units, no amount (rating, section 4.8).
final as (
    select
        priced_usage.usage_id,
        priced_usage.units,
        {{ working("case when priced_usage.units = 0 then 0 else " ~ from_minor_units('priced_usage.precise_total_amount_cents', 'currencies.minor_units') ~ " end") }} as amount
    from priced_usage
    inner join currencies on priced_usage.currency = currencies.code
)

select * from final
