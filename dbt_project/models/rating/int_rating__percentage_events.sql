{{ config(materialized='view') }}
{%- set price = 'is_per_transaction, rate_share, fixed_amount, free_events_allowed, free_units_allowed, least_amount, most_amount' -%}
{%- set bucket = 'price_bucket_id, window_charge_id, charge_filter_id, group_key' -%}
with percentage_usage as (
    select * from {{ ref('int_rating__percentage_usage') }}
    where is_per_transaction or free_events_allowed is not null or free_units_allowed is not null
),

event_changes as (
    select * from {{ ref('int_metering__event_changes') }}
),

unique_counts as (
    select window_charge_id from {{ ref('int_metering__window_charges') }} where aggregation_type = 'unique_count_agg'
    union
    select window_charge_id from {{ ref('int_metering__advance_charge_events') }} where aggregation_type = 'unique_count_agg'
),

-- Once per bucket and price, however many quantities look at it. Events that none of them sees may be out of the domain.
priced_buckets as (
    select
        {{ bucket }}, {{ price }},
        max(through_event_number) as last_event_number, max(case when through_event_number is null then 1 else 0 end) = 1 as has_whole
    from percentage_usage
    group by {{ bucket }}, {{ price }}
),

aggregated as (
    select priced_buckets.*, unique_counts.window_charge_id is not null as counts_values from priced_buckets
    left join unique_counts on priced_buckets.window_charge_id = unique_counts.window_charge_id
),

-- What is carried into the window is no transaction of it, and for a unique count only a new value is one.
joined as (
    select
        aggregated.*,
        event_changes.event_number, event_changes.change_quantity,
        case
            when aggregated.is_per_transaction and event_changes.is_carried then false
            when aggregated.counts_values then event_changes.change_quantity > 0
            else true
        end as is_transaction
    from aggregated
    inner join event_changes
        on aggregated.window_charge_id = event_changes.window_charge_id
        and coalesce(aggregated.charge_filter_id, '') = coalesce(event_changes.charge_filter_id, '')
        and coalesce(aggregated.group_key, '') = coalesce(event_changes.group_key, '')
        and (aggregated.has_whole or event_changes.event_number <= aggregated.last_event_number)
),

valued as (
    select
        price_bucket_id, last_event_number, has_whole, {{ price }}, event_number, is_transaction,
        case when is_transaction then change_quantity else {{ quantity('0') }} end as event_units
    from joined
),

-- Events stand in order only where an allowance asks for it: without one none is free.
placed as (
    select
        *,
        sum(case when is_transaction then 1 else 0 end) over (partition by price_bucket_id order by event_number rows unbounded preceding) as place,
        sum(event_units) over (partition by price_bucket_id order by event_number rows unbounded preceding) as running_units
    from valued where free_events_allowed is not null or free_units_allowed is not null
),

peaked as (
    select *, max(running_units) over (partition by price_bucket_id order by event_number rows between unbounded preceding and 1 preceding) as earlier_peak
    from placed where free_units_allowed is not null
),

-- Whichever allowance is used up first ends both (rating, section 4.6): in a total the free amount once it is exceeded, on its own once it is reached.
allowed as (
    select
        *,
        is_transaction and coalesce(place <= free_events_allowed, true)
        and coalesce(earlier_peak < free_units_allowed or (not is_per_transaction and earlier_peak = free_units_allowed), true) as is_allowed
    from peaked
    union all
    select *, cast(null as decimal(38, 12)) as earlier_peak, is_transaction and place <= free_events_allowed as is_allowed
    from placed where free_units_allowed is null
),

final as (
    select
        price_bucket_id, last_event_number, has_whole, rate_share, fixed_amount, least_amount, most_amount, event_number, is_transaction, event_units,
        case
            when not is_allowed then {{ quantity('0') }}
            when running_units > free_units_allowed then {{ quantity('free_units_allowed - (running_units - event_units)') }}
            else event_units
        end as free_units,
        -- On its own, an event that uses up the free amount exactly is still free; in a total it pays the fixed amount.
        is_allowed and coalesce(running_units < free_units_allowed or (is_per_transaction and running_units = free_units_allowed), true) as is_free
    from allowed
    union all
    select price_bucket_id, last_event_number, has_whole, rate_share, fixed_amount, least_amount, most_amount, event_number, is_transaction, event_units, {{ quantity('0') }}, false
    from valued where free_events_allowed is null and free_units_allowed is null
)

select * from final
