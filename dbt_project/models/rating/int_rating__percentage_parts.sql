{%- set whole = '9223372036854775807' -%}
with percentage_usage as (
    select * from {{ ref('int_rating__percentage_usage') }}
),

percentage_states as (
    select * from {{ ref('int_rating__percentage_states') }}
),

-- A quantity sees its bucket as it stood after the event it reaches to, or as a whole.
seen as (
    select
        percentage_usage.usage_id, percentage_usage.is_per_transaction, percentage_usage.units, percentage_usage.full_units, percentage_usage.events_count,
        percentage_usage.rate, percentage_usage.rate_share, percentage_usage.fixed_amount, percentage_usage.least_amount, percentage_usage.most_amount,
        percentage_usage.free_events_allowed, percentage_usage.free_units_allowed, percentage_usage.through_event_number,
        percentage_states.free_units,
        coalesce(percentage_states.free_events, 0) as free_events,
        coalesce(percentage_states.paid_units, {{ quantity('0') }}) as paid_units,
        coalesce(percentage_states.paid_events, 0) as paid_events,
        coalesce(percentage_states.raised_events, 0) as raised_events,
        coalesce(percentage_states.capped_events, 0) as capped_events,
        coalesce(percentage_states.replaced_units, {{ quantity('0') }}) as replaced_units
    from percentage_usage
    left join percentage_states
        on percentage_usage.price_bucket_id = percentage_states.price_bucket_id
        and coalesce(percentage_usage.through_event_number, {{ whole }}) = coalesce(percentage_states.event_number, {{ whole }})
),

-- Without a minimum or maximum the total is priced: what the allowances covered is taken off units and events. A total in arrears
-- shows the free events of the price; one that reaches to an event, those that there were.
freed as (
    select
        usage_id, is_per_transaction, units, full_units, events_count, rate, rate_share, fixed_amount, least_amount, most_amount,
        case when free_units > 0 then free_units else {{ quantity('0') }} end as free_units,
        case when is_per_transaction or free_units_allowed is not null or through_event_number is not null then free_events else coalesce(free_events_allowed, 0) end as free_events,
        paid_units, paid_events, raised_events, capped_events, replaced_units
    from seen
),

paid as (
    select
        usage_id, is_per_transaction, units, full_units, rate, rate_share, fixed_amount, least_amount, most_amount, free_units, free_events,
        raised_events, capped_events, replaced_units,
        case when is_per_transaction then paid_units when free_units > units then {{ quantity('0') }} else {{ quantity('units - free_units') }} end as paid_units,
        case when is_per_transaction then paid_events when free_events >= events_count then 0 else events_count - free_events end as paid_events
    from freed
),

-- Net units of zero owe no fixed amount, whatever the events.
final as (
    select
        usage_id, full_units, free_units, {{ quantity('free_events') }} as free_events, paid_units, {{ quantity('paid_events') }} as paid_events, rate,
        {{ times('paid_units', 'rate_share') }} as per_unit_total_amount,
        case when paid_events = 0 then {{ quantity('0') }} else fixed_amount end as fixed_fee_unit_amount,
        case when units = 0 and not is_per_transaction then {{ working('0') }} else {{ working(times_whole('fixed_amount', 'paid_events')) }} end as fixed_fee_total_amount,
        case when raised_events + capped_events = 0 then {{ working('0') }} else {{ working(times_whole('coalesce(least_amount, 0)', 'raised_events') ~ ' + ' ~ times_whole('coalesce(most_amount, 0)', 'capped_events') ~ ' - ' ~ times('replaced_units', 'rate_share') ~ ' - ' ~ times_whole('fixed_amount', '(raised_events + capped_events)')) }} end as min_max_adjustment_amount
    from paid
)

select * from final
