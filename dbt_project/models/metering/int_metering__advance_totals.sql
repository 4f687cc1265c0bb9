with advance_changes as (
    select * from {{ ref('int_metering__advance_changes') }}
),

running as (
    select
        *,
        sum(change_quantity) over (
            partition by original_charge_id, external_subscription_id, original_charge_filter_id, group_key order by known_place rows unbounded preceding
        ) as recurring_total,
        sum(change_quantity) over (
            partition by window_charge_id, original_charge_filter_id, group_key order by known_place rows unbounded preceding
        ) as window_total,
        row_number() over (partition by window_charge_id, original_charge_filter_id, group_key order by known_place) as event_number,
        {{ quantity('sum(precise_total_amount_cents) over (partition by window_charge_id, original_charge_filter_id, group_key order by known_place rows unbounded preceding)') }} as precise_cents_so_far
    from advance_changes
),

-- What is paid for is the highest total of the period so far, and never less than nothing (rating, sections 5.1 and 9.10); so is
-- what the events themselves state.
peaked as (
    select
        *,
        max(window_total) over (
            partition by window_charge_id, original_charge_filter_id, group_key order by event_number rows between unbounded preceding and 1 preceding
        ) as highest_total,
        max(precise_cents_so_far) over (
            partition by window_charge_id, original_charge_filter_id, group_key order by event_number rows between unbounded preceding and 1 preceding
        ) as highest_precise_cents
    from running
    where window_charge_id is not null
),

final as (
    select
        fee_id, window_charge_id, charge_id, original_charge_id, charge_model, charge_filter_id, original_charge_filter_id, group_key,
        external_subscription_id, transaction_id,
        timestamp, known_at, billed_at, aggregation_type, is_billed, cast(event_number as bigint) as event_number, cast(known_place as bigint) as known_place,
        change_quantity,
        {{ quantity('case when recurring then recurring_total - window_total else 0 end') }} as carried_quantity,
        {{ quantity('window_total - change_quantity') }} as current_before,
        {{ quantity('case when highest_total > 0 then highest_total else 0 end') }} as peak_before,
        precise_total_amount_cents,
        {{ quantity('case when highest_precise_cents > 0 then highest_precise_cents else 0 end') }} as precise_peak_before,
        {{ quantity('case when precise_cents_so_far > 0 and precise_cents_so_far >= coalesce(highest_precise_cents, 0) then precise_cents_so_far when highest_precise_cents > 0 then highest_precise_cents else 0 end') }} as precise_peak_after
    from peaked
)

select * from final
