with sql_metric_events as (
    select * from {{ ref('int_metering__sql_metric_events') }} where sql_metric = 'connected_minutes'
),

sessions as (
    select
        *,
        {{ epoch_microseconds('timestamp') }} as begins,
        {{ epoch_microseconds('timestamp') }} + cast(field_value * 1000000 as bigint) as ends
    from sql_metric_events
    where field_value > 0
),

-- What was connected before this session began; sessions come by the time of their beginning.
preceded as (
    select
        *,
        max(ends) over (
            partition by window_charge_id, charge_filter_id, group_key order by event_number rows between unbounded preceding and 1 preceding
        ) as ends_before
    from sessions
),

stretched as (
    select
        *,
        sum(case when begins <= ends_before then 0 else 1 end) over (
            partition by window_charge_id, charge_filter_id, group_key order by event_number rows unbounded preceding
        ) as stretch_number
    from preceded
),

measured as (
    select
        *,
        min(begins) over (partition by window_charge_id, charge_filter_id, group_key, stretch_number) as stretch_begins
    from stretched
),

-- A minute of a stretch is billed by the session that begins it, so the sessions add up to the begun minutes of all stretches.
minutes as (
    select
        *,
        {{ div_ceil('case when begins <= ends_before then ends_before - stretch_begins else 0 end', '60000000') }} as minutes_before,
        {{ div_ceil('case when ends_before > ends then ends_before - stretch_begins else ends - stretch_begins end', '60000000') }} as minutes_after
    from measured
),

final as (
    select
        window_charge_id, charge_filter_id, group_key, external_subscription_id, transaction_id,
        {{ quantity('minutes_after - minutes_before') }} as quantity
    from minutes
)

select * from final
