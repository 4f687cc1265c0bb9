with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'percentage'
),

charge_prices as (
    select *, {{ percent('rate') }} as rate_share
    from {{ ref('stg_catalog__charge_prices') }}
),

-- With a minimum or maximum, and in a stateless estimate (which knows no allowance), every event is priced on its own
-- (rating, sections 4.6 and 5.5). A free amount of zero is no allowance.
final as (
    select
        priced_usage.usage_id,
        priced_usage.window_charge_id,
        priced_usage.charge_filter_id,
        priced_usage.group_key,
        priced_usage.window_charge_id || '|' || coalesce(priced_usage.charge_filter_id, '') || '|' || coalesce(priced_usage.group_key, '') || '|' || {{ instant_text('priced_usage.priced_from') }} as price_bucket_id,
        priced_usage.usage_kind = 'instant' or charge_prices.per_transaction_min_amount is not null or charge_prices.per_transaction_max_amount is not null as is_per_transaction,
        priced_usage.units,
        priced_usage.full_units,
        priced_usage.events_count,
        priced_usage.through_event_number,
        charge_prices.rate,
        charge_prices.rate_share,
        coalesce(charge_prices.fixed_amount, {{ quantity('0') }}) as fixed_amount,
        case when priced_usage.usage_kind <> 'instant' then charge_prices.free_units_per_events end as free_events_allowed,
        case when priced_usage.usage_kind <> 'instant' and charge_prices.free_units_per_total_aggregation > 0 then charge_prices.free_units_per_total_aggregation end as free_units_allowed,
        charge_prices.per_transaction_min_amount as least_amount,
        charge_prices.per_transaction_max_amount as most_amount
    from priced_usage
    left join charge_prices
        on priced_usage.charge_id = charge_prices.charge_id
        and coalesce(priced_usage.charge_filter_id, '') = coalesce(charge_prices.charge_filter_id, '')
        and priced_usage.priced_from = charge_prices.valid_from
)

select * from final
