with usage_alert_values as (
    select * from {{ ref('int_billing__usage_alert_values') }}
),

-- A value begins at zero; that of a period begins again with each period, so that everything is armed again.
final as (
    select
        {{ deterministic_id(["'alert_check'", 'alert_id', instant_text('checked_at')]) }} as alert_check_id,
        alert_id, alert_type, checked_at, is_recorded,
        'increasing' as direction,
        coalesce(lag(value) over (partition by alert_id, billable_metric_id, armed_at order by checked_at), {{ quantity('0') }}) as previous_value,
        value
    from usage_alert_values
)

select * from final
