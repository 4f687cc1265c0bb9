with checked_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state = 'checked'
),

checked_windows as (
    select * from {{ ref('int_metering__checked_windows') }}
),

of_charges as (
    select
        usage_window_id, billable_metric_id, charge_id,
        sum(amount_cents) as shown_amount_cents, sum(units) as shown_units,
        sum(case when pay_in_advance then 0 else amount_cents end) as amount_cents, sum(case when pay_in_advance then 0 else units end) as units
    from checked_amounts
    group by usage_window_id, billable_metric_id, charge_id
),

-- Two charges on one metric price the same units twice, so their units are not added up.
of_metrics as (
    select
        usage_window_id, billable_metric_id,
        sum(shown_amount_cents) as shown_amount_cents, max(shown_units) as shown_units,
        sum(amount_cents) as amount_cents, max(units) as units
    from of_charges
    group by usage_window_id, billable_metric_id
),

final as (
    select
        checked_windows.usage_check_id,
        of_metrics.billable_metric_id,
        {{ cents("sum(case when checked_windows.window_part = 'current' then of_metrics.shown_amount_cents else 0 end)") }} as shown_amount_cents,
        {{ quantity("sum(case when checked_windows.window_part = 'current' then of_metrics.shown_units else 0 end)") }} as shown_units,
        {{ cents("sum(case when checked_windows.window_part = 'current' then of_metrics.amount_cents else 0 end)") }} as current_amount_cents,
        {{ quantity("sum(case when checked_windows.window_part = 'current' then of_metrics.units else 0 end)") }} as current_units,
        {{ cents("sum(case when checked_windows.window_part = 'ended' then of_metrics.amount_cents else 0 end)") }} as ended_amount_cents,
        {{ quantity("sum(case when checked_windows.window_part = 'ended' then of_metrics.units else 0 end)") }} as ended_units
    from checked_windows
    inner join of_metrics on checked_windows.usage_window_id = of_metrics.usage_window_id
    group by checked_windows.usage_check_id, of_metrics.billable_metric_id
)

select * from final
