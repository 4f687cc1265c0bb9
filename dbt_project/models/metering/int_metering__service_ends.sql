with service_periods as (
    select * from {{ ref('int_metering__service_periods') }} where pay_in_advance
),

billing_ticks as (
    select * from {{ ref('int_metering__billing_ticks') }} where invoicing_reason = 'terminating'
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

successors as (
    select * from {{ ref('stg_catalog__subscriptions') }} where status <> 'canceled'
),

ended as (
    select
        service_periods.subscription_id, service_periods.customer_id, service_periods.billing_entity_id, service_periods.currency,
        service_periods.creation_sequence, service_periods.as_of, service_periods.known_from, service_periods.known_to, service_periods.timezone,
        service_periods.service_ends_at, service_periods.plan_period_ends_on, service_periods.plan_period_days,
        case when successors.subscription_id is null then subscriptions.on_termination_credit_note else 'credit' end as on_termination_credit_note,
        successors.subscription_id is not null as is_upgraded,
        case when billing_ticks.ready_at > service_periods.known_from then billing_ticks.ready_at else service_periods.known_from end as ended_at,
        {{ local_date('service_periods.service_ends_at', 'service_periods.timezone') }} as ends_on,
        {{ local_date('service_periods.trial_ends_at', 'service_periods.timezone') }} as trial_ends_on
    from service_periods
    inner join billing_ticks
        on service_periods.subscription_id = billing_ticks.subscription_id
        and service_periods.known_from = billing_ticks.known_from
        and service_periods.period_index = billing_ticks.period_index
    inner join subscriptions
        on service_periods.subscription_id = subscriptions.subscription_id and {{ known_at('subscriptions', 'service_periods.known_from') }}
    left join successors
        on service_periods.subscription_id = successors.previous_subscription_id and {{ known_at('successors', 'service_periods.known_from') }}
),

-- As with a bill, the first epoch of knowledge in which the end comes is the one that shapes it.
ranked as (
    select *, row_number() over (partition by subscription_id order by ended_at, known_from) as epoch_rank
    from ended
    where known_to is null or ended_at < known_to
),

-- The day of the end is used, that of an upgrade by the next plan; during a trial nothing was, nor on the day on which it ends (invoicing, section 6.4).
dated as (
    select
        *,
        case when trial_ends_on >= ends_on then trial_ends_on when is_upgraded then ends_on else {{ plus_days('ends_on', 1) }} end as unused_from_on
    from ranked
    where epoch_rank = 1
),

final as (
    select
        subscription_id, customer_id, billing_entity_id, currency, creation_sequence, as_of, timezone,
        service_ends_at, ended_at, on_termination_credit_note, unused_from_on,
        plan_period_days as period_days,
        case when unused_from_on < plan_period_ends_on then {{ days_between('unused_from_on', 'plan_period_ends_on') }} else 0 end as unused_days
    from dated
)

select * from final
