with advance_changes as (
    select * from {{ ref('int_metering__advance_changes') }}
),

running as (
    select
        *,
        sum(change_quantity) over (
            partition by charge_id, external_subscription_id, charge_filter_id, group_key order by known_place rows unbounded preceding
        ) as recurring_total,
        sum(change_quantity) over (
            partition by window_charge_id, charge_filter_id, group_key order by known_place rows unbounded preceding
        ) as window_total,
        row_number() over (partition by window_charge_id, charge_filter_id, group_key order by known_place) as event_number,
        {{ working('sum(precise_total_amount_cents) over (partition by window_charge_id, charge_filter_id, group_key order by known_place rows unbounded preceding)') }} as precise_total_amount_cents_so_far
    from advance_changes
),

-- What is paid for is the highest total of the period so far, and never less than nothing (rating, sections 5.1 and 9.10).
peaked as (
    select
        *,
        max(window_total) over (
            partition by window_charge_id, charge_filter_id, group_key order by event_number rows between unbounded preceding and 1 preceding
        ) as highest_total
    from running
    where window_charge_id is not null
),

final as (
    select
        fee_id, window_charge_id, charge_id, charge_model, charge_filter_id, group_key, external_subscription_id, transaction_id,
        timestamp, known_at, billed_at, aggregation_type, is_billed, cast(event_number as bigint) as event_number, change_quantity,
        {{ quantity('case when recurring then recurring_total - window_total else 0 end') }} as carried_quantity,
        {{ quantity('window_total - change_quantity') }} as current_before,
        {{ quantity('case when highest_total > 0 then highest_total else 0 end') }} as peak_before,
        precise_total_amount_cents, precise_total_amount_cents_so_far
    from peaked
)

select * from final
