with alerts as (
    select * from {{ ref('stg_catalog__alerts') }} where external_subscription_id is not null
),

usage_totals as (
    select * from {{ ref('int_billing__usage_totals') }}
),

checked_usage as (
    select * from {{ ref('int_billing__checked_usage') }}
),

lifetimes as (
    select * from {{ ref('int_metering__lifetimes') }}
),

invoiced_usage as (
    select * from {{ ref('int_billing__invoiced_usage') }}
),

invoiced_units as (
    select usage_totals.usage_check_id, invoiced_usage.billable_metric_id, sum(invoiced_usage.units) as units
    from usage_totals
    inner join lifetimes on usage_totals.lifetime_id = lifetimes.lifetime_id
    inner join invoiced_usage
        on lifetimes.subscription_id = invoiced_usage.subscription_id and invoiced_usage.issued_at <= usage_totals.checked_at
    group by usage_totals.usage_check_id, invoiced_usage.billable_metric_id
),

final as (
    select
        alerts.alert_id, alerts.alert_type, alerts.billable_metric_id, usage_totals.checked_at, usage_totals.is_recorded,
        case when alerts.alert_type in ('lifetime_usage_amount', 'billable_metric_lifetime_usage_units') then null else usage_totals.from_at end as armed_at,
        case alerts.alert_type
            when 'current_usage_amount' then {{ quantity('usage_totals.shown_amount_cents') }}
            when 'billable_metric_current_usage_amount' then {{ quantity('coalesce(checked_usage.shown_amount_cents, 0)') }}
            when 'billable_metric_current_usage_units' then {{ quantity('coalesce(checked_usage.shown_units, 0)') }}
            when 'billable_metric_lifetime_usage_units'
                then {{ quantity('coalesce(invoiced_units.units, 0) + coalesce(checked_usage.ended_units, 0) + coalesce(checked_usage.current_units, 0)') }}
            else {{ quantity('usage_totals.historical_amount_cents + usage_totals.invoiced_amount_cents + usage_totals.current_amount_cents') }}
        end as value
    from alerts
    inner join usage_totals
        on alerts.customer_id = usage_totals.customer_id
        and alerts.external_subscription_id = usage_totals.external_subscription_id
        and {{ known_at('alerts', 'usage_totals.checked_at') }}
    left join checked_usage
        on usage_totals.usage_check_id = checked_usage.usage_check_id and alerts.billable_metric_id = checked_usage.billable_metric_id
    left join invoiced_units
        on usage_totals.usage_check_id = invoiced_units.usage_check_id and alerts.billable_metric_id = invoiced_units.billable_metric_id
)

select * from final
