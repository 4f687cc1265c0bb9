with priced_usage as (
    select * from {{ ref('int_rating__priced_usage') }} where charge_model = 'percentage'
),

-- With a minimum or maximum, and in a stateless estimate (which knows no allowance), every event is priced on its own
-- (rating, sections 4.6 and 5.5). A free amount of zero is no allowance.
final as (
    select
        usage_id,
        window_charge_id,
        charge_filter_id,
        group_key,
        case when through_event_number is null then usage_id else window_charge_id || '|' || coalesce(group_key, '') || '|' || price_id end as price_bucket_id,
        usage_kind = 'instant' or per_transaction_min_amount is not null or per_transaction_max_amount is not null as is_per_transaction,
        units,
        full_units,
        events_count,
        through_event_number,
        rate,
        rate_share,
        coalesce(fixed_amount, {{ quantity('0') }}) as fixed_amount,
        case when usage_kind <> 'instant' then free_units_per_events end as free_events_allowed,
        case when usage_kind <> 'instant' and free_units_per_total_aggregation > 0 then free_units_per_total_aggregation end as free_units_allowed,
        per_transaction_min_amount as least_amount,
        per_transaction_max_amount as most_amount
    from priced_usage
)

select * from final
