with alerts as (
    select * from {{ ref('stg_catalog__alerts') }} where valid_to is null
),

alert_checks as (
    select * from {{ ref('int_billing__alert_checks') }}
),

ranked as (
    select
        alerts.alert_id, alerts.customer_id, alerts.alert_type, alert_checks.checked_at, alert_checks.value,
        row_number() over (partition by alerts.alert_id order by alert_checks.checked_at desc) as look_rank
    from alerts
    inner join alert_checks on alerts.alert_id = alert_checks.alert_id
),

final as (
    select alert_id, customer_id, alert_type, checked_at, value
    from ranked
    where look_rank = 1
)

select * from final
