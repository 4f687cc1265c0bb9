with alert_checks as (
    select * from {{ ref('int_billing__alert_checks') }} where not is_recorded
),

alert_thresholds as (
    select * from {{ ref('stg_catalog__alert_thresholds') }}
),

whole_numbers as (
    {{ whole_numbers(10000) }}
),

-- Falling is rising with the sign changed.
measured as (
    select
        alert_checks.*,
        alert_thresholds.code as threshold_code,
        alert_thresholds.is_recurring,
        case when alert_checks.direction = 'decreasing' and not alert_thresholds.is_recurring then -alert_thresholds.value else alert_thresholds.value end as threshold_value,
        case when alert_checks.direction = 'decreasing' then -alert_checks.value else alert_checks.value end as value_now,
        case when alert_checks.direction = 'decreasing' then -alert_checks.previous_value else alert_checks.previous_value end as value_before
    from alert_checks
    inner join alert_thresholds on alert_checks.alert_id = alert_thresholds.alert_id and {{ known_at('alert_thresholds', 'alert_checks.checked_at') }}
),

based as (
    select
        *,
        coalesce(max(case when not is_recurring then threshold_value end) over (partition by alert_check_id), 0) as base_value
    from measured
),

-- A recurring threshold stands at every whole step beyond the last one-time one.
stepped as (
    select
        *,
        {{ whole_steps(scaled('value_before', 12), scaled('base_value', 12), scaled('threshold_value', 12)) }} as steps_before,
        {{ whole_steps(scaled('value_now', 12), scaled('base_value', 12), scaled('threshold_value', 12)) }} as steps_now
    from based
    where is_recurring
),

-- Crossed once: the value before lies below, the value now at or above. Of more steps than that in one look, the last are listed.
crossed as (
    select alert_check_id, alert_id, alert_type, direction, checked_at, previous_value, value, threshold_code, is_recurring, threshold_value as crossed_value
    from based
    where not is_recurring and value_before < threshold_value and threshold_value <= value_now
    union all
    select
        stepped.alert_check_id, stepped.alert_id, stepped.alert_type, stepped.direction, stepped.checked_at, stepped.previous_value, stepped.value,
        stepped.threshold_code, stepped.is_recurring,
        {{ unscaled(scaled('stepped.base_value', 12) ~ ' + (stepped.steps_now - whole_numbers.n) * ' ~ scaled('stepped.threshold_value', 12), 12) }}
    from stepped
    inner join whole_numbers on whole_numbers.n < stepped.steps_now - stepped.steps_before
),

final as (
    select
        alert_check_id, alert_id, alert_type, direction, checked_at, previous_value, value, threshold_code, is_recurring,
        {{ quantity("case when direction = 'decreasing' then -crossed_value else crossed_value end") }} as threshold_value
    from crossed
)

select * from final
