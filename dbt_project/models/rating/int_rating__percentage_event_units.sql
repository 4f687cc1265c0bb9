{{ config(materialized='view') }}
{%- set price = 'is_per_transaction, rate_share, fixed_amount, free_events_allowed, free_units_allowed, least_amount, most_amount' -%}
{%- set bucket = 'price_bucket_id, window_charge_id, charge_filter_id, group_key' -%}
with whole_usage as (
    select * from {{ ref('int_rating__percentage_usage') }}
    where through_event_number is null and (is_per_transaction or free_events_allowed is not null or free_units_allowed is not null)
),

reaching_usage as (
    select * from {{ ref('int_rating__percentage_usage') }}
    where through_event_number is not null and (is_per_transaction or free_events_allowed is not null or free_units_allowed is not null)
),

event_changes as (
    select * from {{ ref('int_metering__event_changes') }}
),

unique_counts as (
    select window_charge_id from {{ ref('int_metering__window_charges') }} where aggregation_type = 'unique_count_agg'
    union
    select window_charge_id from {{ ref('int_metering__advance_charge_events') }} where aggregation_type = 'unique_count_agg'
),

-- Once per bucket and price, however many quantities reach into it. Events that none of them sees may be out of the domain.
buckets as (
    select {{ bucket }}, {{ price }}, cast(null as bigint) as last_event_number
    from whole_usage
    union all
    select {{ bucket }}, {{ price }}, max(through_event_number)
    from reaching_usage
    group by {{ bucket }}, {{ price }}
),

aggregated as (
    select buckets.*, unique_counts.window_charge_id is not null as counts_values from buckets
    left join unique_counts on buckets.window_charge_id = unique_counts.window_charge_id
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
        and (aggregated.last_event_number is null or event_changes.event_number <= aggregated.last_event_number)
),

final as (
    select
        price_bucket_id, last_event_number, {{ price }}, event_number, is_transaction,
        case when is_transaction then change_quantity else {{ quantity('0') }} end as event_units
    from joined
)

select * from final
