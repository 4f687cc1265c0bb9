with unit_changes as (
    select * from {{ ref('int_metering__unit_changes') }} where effective_at is not null
),

fixed_charges as (
    select * from {{ ref('stg_catalog__fixed_charges') }} where pay_in_advance
),

service_periods as (
    select * from {{ ref('int_metering__service_periods') }}
),

-- A change inside a period, by the periods and the plan as they were known at its instant; one at the very start of a period is billed with it.
changed as (
    select distinct
        service_periods.subscription_id, service_periods.known_from, service_periods.period_index, service_periods.customer_id,
        service_periods.billing_entity_id, service_periods.currency, service_periods.external_subscription_id, service_periods.plan_id,
        service_periods.plan_amount_cents, service_periods.pay_in_advance, service_periods.timezone, service_periods.creation_sequence, service_periods.as_of,
        unit_changes.effective_at as changed_at,
        unit_changes.known_at as ready_at,
        unit_changes.sequence as change_sequence
    from unit_changes
    inner join fixed_charges
        on unit_changes.fixed_charge_id = fixed_charges.fixed_charge_id and {{ known_at('fixed_charges', 'unit_changes.known_at') }}
    inner join service_periods
        on unit_changes.subscription_id = service_periods.subscription_id
        and fixed_charges.plan_id = service_periods.plan_id
        and service_periods.known_from <= unit_changes.known_at
        and (service_periods.known_to is null or unit_changes.known_at < service_periods.known_to)
        and unit_changes.effective_at >= service_periods.usage_from_at
        and unit_changes.effective_at > case
            when service_periods.bill_fixed_charges_monthly then service_periods.usage_from_at else service_periods.plan_usage_from_at end
        and unit_changes.effective_at < service_periods.period_ends_at
    where unit_changes.known_at <= service_periods.as_of
        and (service_periods.service_ends_at is null or unit_changes.effective_at < service_periods.service_ends_at)
        and (service_periods.billing_starts_at is null or unit_changes.effective_at >= service_periods.billing_starts_at)
),

final as (
    select
        {{ deterministic_id(["'fixed_charge_change'", 'subscription_id', 'cast(change_sequence as string)']) }} as invoice_id,
        subscription_id, known_from, period_index, customer_id, billing_entity_id, currency, external_subscription_id, plan_id,
        plan_amount_cents, pay_in_advance, timezone, creation_sequence, as_of, changed_at, ready_at, change_sequence
    from changed
)

select * from final
