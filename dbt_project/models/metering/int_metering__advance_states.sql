with window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where pay_in_advance and window_state in ('open', 'checked')
),

charge_events as (
    select * from {{ ref('int_metering__advance_charge_events') }}
),

advance_units as (
    select * from {{ ref('int_metering__advance_units') }}
),

seen as (
    select
        window_charges.window_charge_id,
        advance_units.original_charge_filter_id,
        advance_units.group_key,
        advance_units.current_after,
        advance_units.peak_after,
        advance_units.priced_peak_after,
        row_number() over (
            partition by window_charges.window_charge_id, advance_units.original_charge_filter_id, advance_units.group_key
            order by charge_events.from_at desc, advance_units.event_number desc
        ) as place
    from window_charges
    inner join charge_events
        on window_charges.subscription_id = charge_events.subscription_id
        and window_charges.original_charge_id = charge_events.original_charge_id
        and charge_events.timestamp >= window_charges.from_at and charge_events.timestamp < window_charges.to_at
        and charge_events.billed_at <= window_charges.horizon_at
    inner join advance_units
        on charge_events.window_charge_id = advance_units.window_charge_id
        and charge_events.external_subscription_id = advance_units.external_subscription_id
        and charge_events.transaction_id = advance_units.transaction_id
),

final as (
    select window_charge_id, original_charge_filter_id, group_key, current_after, peak_after, priced_peak_after
    from seen
    where place = 1
)

select * from final
