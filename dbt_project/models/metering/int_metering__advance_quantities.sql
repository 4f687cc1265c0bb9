with advance_units as (
    select * from {{ ref('int_metering__advance_units') }} where is_billed
),

charge_events as (
    select * from {{ ref('int_metering__advance_charge_events') }}
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }} where event_transaction_id is not null
),

waiting as (
    select advance_units.*
    from advance_units
    left join issued_fees on advance_units.fee_id = issued_fees.fee_id
    where issued_fees.fee_id is null
),

-- A fee in advance is what all units cost with the event, less what they cost without it (rating, section 5.2). The events of a
-- unique count are its units, as in arrears.
sides as (
    select
        *,
        'after' as side,
        {{ quantity('case when prorated then priced_peak_after else carried_quantity + peak_after end') }} as units,
        {{ quantity('carried_quantity + peak_after') }} as full_units,
        priced_place as through_event_number,
        precise_peak_after as precise_cents
    from waiting
    union all
    select
        *,
        'before' as side,
        {{ quantity('case when prorated then priced_peak_after - priced_units else carried_quantity + peak_before end') }} as units,
        {{ quantity('carried_quantity + peak_before') }} as full_units,
        priced_place - 1 as through_event_number,
        precise_peak_before as precise_cents
    from waiting
),

final as (
    select
        sides.fee_id || '/' || sides.side as usage_id,
        sides.fee_id, sides.side, sides.window_charge_id, sides.charge_id, sides.charge_model, sides.charge_filter_id, sides.group_key,
        sides.original_charge_id, sides.original_charge_filter_id,
        sides.external_subscription_id, sides.transaction_id, charge_events.currency, sides.prorated, sides.billed_at as horizon_at,
        sides.through_event_number, sides.billed_units, sides.shown_units, sides.units, sides.full_units,
        case when sides.aggregation_type = 'unique_count_agg' then cast(sides.full_units as bigint) else sides.through_event_number end as events_count,
        {{ quantity('coalesce(sides.precise_cents, 0)') }} as precise_total_amount_cents
    from sides
    inner join charge_events
        on sides.window_charge_id = charge_events.window_charge_id
        and sides.external_subscription_id = charge_events.external_subscription_id
        and sides.transaction_id = charge_events.transaction_id
)

select * from final
