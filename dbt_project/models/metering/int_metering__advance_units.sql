with advance_totals as (
    select * from {{ ref('int_metering__advance_totals') }}
),

charge_events as (
    select * from {{ ref('int_metering__advance_charge_events') }}
),

dated as (
    select
        advance_totals.*,
        charge_events.prorated,
        charge_events.period_days,
        {{ local_date('charge_events.timestamp', 'charge_events.timezone') }} as event_on,
        {{ last_day('charge_events.to_at', 'charge_events.timezone', 'charge_events.ends_with_service') }} as last_on
    from advance_totals
    inner join charge_events
        on advance_totals.window_charge_id = charge_events.window_charge_id
        and advance_totals.external_subscription_id = charge_events.external_subscription_id
        and advance_totals.transaction_id = charge_events.transaction_id
),

compared as (
    select
        dated.*,
        {{ days_between('event_on', 'last_on') }} + 1 as billed_days,
        {{ quantity('current_before + change_quantity') }} as current_after,
        {{ quantity('case when current_before + change_quantity > peak_before then current_before + change_quantity - peak_before else 0 end') }} as billed_units
    from dated
),

-- The day of the event is billed; the share is rounded up at the fifth decimal (rating, section 5.1).
shared as (
    select
        compared.*,
        case when prorated then {{ quantity(ceil_share('billed_units', 'billed_days', 'period_days')) }} else billed_units end as priced_units
    from compared
),

final as (
    select
        fee_id, window_charge_id, charge_id, original_charge_id, charge_model, charge_filter_id, original_charge_filter_id, group_key,
        external_subscription_id, transaction_id,
        timestamp, known_at, billed_at, aggregation_type, is_billed, event_number, change_quantity, carried_quantity,
        case when prorated then event_number else known_place end as priced_place,
        current_after, peak_before,
        {{ quantity('peak_before + billed_units') }} as peak_after,
        billed_units,
        prorated,
        priced_units,
        {{ quantity('sum(priced_units) over (partition by window_charge_id, original_charge_filter_id, group_key order by event_number rows unbounded preceding)') }} as priced_peak_after,
        case when billed_units > 0 or change_quantity < 0 then billed_units else change_quantity end as shown_units,
        precise_total_amount_cents, precise_peak_before, precise_peak_after
    from shared
)

select * from final
