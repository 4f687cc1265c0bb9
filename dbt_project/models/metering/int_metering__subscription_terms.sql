with epochs as (
    select * from {{ ref('int_metering__subscription_epochs') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

trials as (
    select * from {{ ref('int_metering__trials') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

agreed_plans as (
    select * from {{ ref('int_metering__agreed_plans') }} where plan_interval in ('semiannual', 'yearly')
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

joined as (
    select
        epochs.subscription_id,
        epochs.customer_id,
        epochs.as_of,
        epochs.known_from,
        epochs.known_to,
        subscriptions.external_id as external_subscription_id,
        subscriptions.plan_id,
        subscriptions.billing_time,
        subscriptions.subscription_at,
        subscriptions.started_at,
        subscriptions.terminated_at,
        subscriptions.downgrade_at,
        subscriptions.service_ends_at,
        subscriptions.on_termination_invoice,
        subscriptions.created_at,
        subscriptions.creation_sequence,
        customers.test_clock_id,
        billing_entities.billing_entity_id,
        billing_entities.billing_starts_at,
        trials.trial_ends_at,
        plans.interval as plan_interval,
        plans.amount_cents as plan_amount_cents,
        plans.amount_currency as currency,
        plans.pay_in_advance,
        coalesce(agreed_plans.bill_charges_monthly, false) as bill_charges_monthly,
        coalesce(agreed_plans.bill_fixed_charges_monthly, false) as bill_fixed_charges_monthly,
        coalesce(customers.timezone, billing_entities.timezone, 'UTC') as timezone,
        coalesce(customers.invoice_grace_period, billing_entities.invoice_grace_period, 0) as grace_days
    from epochs
    inner join subscriptions
        on epochs.subscription_id = subscriptions.subscription_id and {{ known_at('subscriptions', 'epochs.known_from') }}
    inner join customers
        on subscriptions.customer_id = customers.customer_id and {{ known_at('customers', 'epochs.known_from') }}
    inner join plans
        on subscriptions.plan_id = plans.plan_id and {{ known_at('plans', 'epochs.known_from') }}
    left join agreed_plans on subscriptions.subscription_id = agreed_plans.subscription_id and subscriptions.plan_id = agreed_plans.plan_id
    inner join billing_entities
        on coalesce(subscriptions.billing_entity_id, customers.billing_entity_id) = billing_entities.billing_entity_id
        and {{ known_at('billing_entities', 'epochs.known_from') }}
    left join trials on epochs.subscription_id = trials.subscription_id and epochs.known_from = trials.known_from
    where subscriptions.status <> 'canceled'
),

final as (
    select
        subscription_id, customer_id, as_of, known_from, known_to,
        external_subscription_id, plan_id, billing_entity_id, currency, timezone, test_clock_id, grace_days,
        plan_interval, plan_amount_cents, pay_in_advance, billing_time, bill_charges_monthly, bill_fixed_charges_monthly,
        subscription_at, started_at, created_at, creation_sequence, terminated_at, on_termination_invoice, billing_starts_at, trial_ends_at,
        downgrade_at, service_ends_at,
        case plan_interval when 'monthly' then 1 when 'quarterly' then 3 when 'semiannual' then 6 when 'yearly' then 12 end as interval_months,
        {{ local_date('started_at', 'timezone') }} as started_on
    from joined
)

select * from final
