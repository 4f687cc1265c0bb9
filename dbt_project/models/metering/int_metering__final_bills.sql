with service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

billing_ticks as (
    select * from {{ ref('int_metering__billing_ticks') }} where invoicing_reason = 'terminating'
),

due_moments as (
    select * from {{ ref('int_metering__due_moments') }} where invoicing_reason = 'periodic'
),

periodic as (
    select * from {{ ref('int_metering__regular_bills') }} where invoicing_reason = 'periodic'
),

ticked as (
    select
        service_periods.*,
        billing_ticks.invoicing_reason,
        billing_ticks.boundary_at,
        billing_ticks.ready_at,
        {{ local_date('service_periods.service_ends_at', 'service_periods.timezone') }} as service_ends_on
    from service_periods
    inner join billing_ticks
        on service_periods.subscription_id = billing_ticks.subscription_id
        and service_periods.known_from = billing_ticks.known_from
        and service_periods.period_index = billing_ticks.period_index
    where (service_periods.billing_starts_at is null or billing_ticks.boundary_at >= service_periods.billing_starts_at)
        and service_periods.on_termination_invoice <> 'skip'
),

-- Bills that fell due in their epoch, perhaps before it was known that the service ends.
issued as (
    select periodic.subscription_id, periodic.period_index, min(periodic.known_from) as first_known_from
    from periodic
    inner join service_periods
        on periodic.subscription_id = service_periods.subscription_id
        and periodic.known_from = service_periods.known_from
        and periodic.period_index = service_periods.period_index
    inner join due_moments
        on periodic.subscription_id = due_moments.subscription_id
        and periodic.known_from = due_moments.known_from
        and periodic.period_index = due_moments.period_index
    where service_periods.known_to is null or due_moments.due_at < service_periods.known_to
    group by periodic.subscription_id, periodic.period_index
),

-- Without a bill at its last boundary, a service that ends on that day closes the period before it; no day is added.
closing as (
    select
        ticked.*,
        previous.fee_from_at as previous_fee_from_at,
        previous.usage_from_at as previous_usage_from_at,
        previous.plan_period_starts_on as previous_starts_on,
        previous.plan_period_ends_on as previous_ends_on,
        previous.period_days as previous_days,
        covered.period_index is null
            and (issued.first_known_from is null or issued.first_known_from > ticked.known_from)
            and not ticked.is_first_period and ticked.service_ends_on = ticked.period_starts_on as closes_previous
    from ticked
    left join service_periods as previous
        on ticked.subscription_id = previous.subscription_id and ticked.known_from = previous.known_from and ticked.period_index = previous.period_index + 1
    left join periodic as covered
        on ticked.subscription_id = covered.subscription_id and ticked.known_from = covered.known_from and ticked.period_index = covered.period_index + 1
    left join issued on ticked.subscription_id = issued.subscription_id and ticked.period_index = issued.period_index + 1
),

billed as (
    select
        *,
        not pay_in_advance
            and not coalesce(trial_ends_at > service_ends_at, false)
            and case when closes_previous then previous_fee_from_at else fee_from_at end is not null as has_fee
    from closing
),

final as (
    select
        subscription_id, known_from, period_index, invoicing_reason, boundary_at, ready_at,
        case when not has_fee then null when closes_previous then previous_fee_from_at else fee_from_at end as fee_from_at,
        case when not has_fee then null when closes_previous then period_starts_at else service_ends_at end as fee_to_at,
        case when closes_previous then previous_starts_on else plan_period_starts_on end as fee_period_starts_on,
        case when closes_previous then previous_ends_on else plan_period_ends_on end as fee_period_ends_on,
        not closes_previous as ends_with_service,
        case when closes_previous then previous_usage_from_at else usage_from_at end as usage_from_at,
        service_ends_at as usage_to_at,
        case when closes_previous then previous_days else period_days end as usage_period_days,
        cast(null as timestamp) as renewed_to_at
    from billed
)

select * from final
