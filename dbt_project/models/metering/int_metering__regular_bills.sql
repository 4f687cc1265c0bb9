with service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

billing_ticks as (
    select * from {{ ref('int_metering__billing_ticks') }}
),

ticked as (
    select
        service_periods.*,
        billing_ticks.invoicing_reason,
        billing_ticks.boundary_at,
        billing_ticks.ready_at,
        {{ local_date('service_periods.service_ends_at', 'service_periods.timezone') }} as service_ends_on,
        coalesce({{ local_date('service_periods.trial_ends_at', 'service_periods.timezone') }} <= service_periods.period_ends_on, true) as is_past_trial,
        service_periods.pay_in_advance
            and (billing_ticks.invoicing_reason = 'trial' or not coalesce(service_periods.trial_ends_at > service_periods.started_at, false)) as opens_with_fee
    from service_periods
    inner join billing_ticks
        on service_periods.subscription_id = billing_ticks.subscription_id
        and service_periods.known_from = billing_ticks.known_from
        and service_periods.period_index = billing_ticks.period_index
    where billing_ticks.invoicing_reason <> 'terminating'
        and (service_periods.billing_starts_at is null or billing_ticks.boundary_at >= service_periods.billing_starts_at)
),

opening as (
    select
        subscription_id, known_from, period_index, invoicing_reason, boundary_at, ready_at,
        case when opens_with_fee then fee_from_at end as fee_from_at,
        case when opens_with_fee then plan_period_ends_at end as fee_to_at,
        plan_period_starts_on as fee_period_starts_on,
        plan_period_ends_on as fee_period_ends_on,
        false as ends_with_service,
        cast(null as timestamp) as usage_from_at,
        cast(null as timestamp) as usage_to_at,
        cast(null as bigint) as usage_period_days,
        cast(null as timestamp) as renewed_to_at
    from ticked
    where invoicing_reason = 'starting' or (invoicing_reason = 'trial' and (service_ends_at is null or ready_at < service_ends_at))
),

-- The plan's fee stands on the bill of its own boundary alone (invoicing, section 2.3).
-- A service that ends on the very day of a boundary, by plan or before that day's tick, leaves the period to its final bill.
periodic as (
    select
        subscription_id, known_from, period_index, invoicing_reason, boundary_at, ready_at,
        case when not closes_plan_period then null when not pay_in_advance then fee_from_at when is_past_trial then period_ends_at end as fee_from_at,
        case
            when not closes_plan_period then null
            when pay_in_advance and is_past_trial then next_plan_period_ends_at
            when not pay_in_advance and fee_from_at is not null then period_ends_at
        end as fee_to_at,
        case when pay_in_advance then plan_period_ends_on else plan_period_starts_on end as fee_period_starts_on,
        case when pay_in_advance then next_plan_period_ends_on else plan_period_ends_on end as fee_period_ends_on,
        false as ends_with_service,
        usage_from_at,
        period_ends_at as usage_to_at,
        period_days as usage_period_days,
        next_period_ends_at as renewed_to_at
    from ticked
    where invoicing_reason = 'periodic'
        and (service_ends_at is null
            or (boundary_at < service_ends_at and (service_ends_on > period_ends_on or (terminated_at is not null and ready_at < service_ends_at))))
),

final as (
    select * from opening
    union all
    select * from periodic
)

select * from final
