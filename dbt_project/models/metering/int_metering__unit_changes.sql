with plan_units as (
    select * from {{ ref('stg_catalog__fixed_charge_units') }} where subscription_id is null
),

own as (
    select * from {{ ref('stg_catalog__fixed_charge_units') }} where subscription_id is not null
),

fixed_charges as (
    select * from {{ ref('stg_catalog__fixed_charges') }}
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }}
),

plans as (
    select * from {{ ref('stg_catalog__plans') }}
),

sold as (
    select distinct fixed_charge_id, original_fixed_charge_id, plan_id from fixed_charges
),

origins as (
    select distinct plan_id, coalesce(parent_id, plan_id) as original_plan_id from plans
),

-- A subscription that gets terms of its own goes on with the plan that it began with.
begun as (
    select
        subscriptions.subscription_id, origins.original_plan_id,
        min(subscriptions.valid_from) as first_known_at, min(subscriptions.started_at) as first_started_at
    from subscriptions
    inner join origins on subscriptions.plan_id = origins.plan_id
    group by subscriptions.subscription_id, origins.original_plan_id
),

taken as (
    select distinct
        subscriptions.subscription_id, sold.fixed_charge_id, sold.original_fixed_charge_id, begun.first_known_at, begun.first_started_at
    from subscriptions
    inner join origins on subscriptions.plan_id = origins.plan_id
    inner join begun on subscriptions.subscription_id = begun.subscription_id and origins.original_plan_id = begun.original_plan_id
    inner join sold on subscriptions.plan_id = sold.plan_id
),

overrides as (
    select fixed_charge_id, subscription_id, min(sequence) as first_sequence
    from own
    group by fixed_charge_id, subscription_id
),

first_units as (
    select fixed_charge_id, min(sequence) as first_sequence from plan_units group by fixed_charge_id
),

-- Once a subscription has units of its own, changes of the plan pass it over (rating, section 7).
changes as (
    select taken.*, plan_units.units, plan_units.effective_at, plan_units.valid_from, plan_units.sequence
    from plan_units
    inner join taken on plan_units.fixed_charge_id = taken.fixed_charge_id
    left join overrides
        on plan_units.fixed_charge_id = overrides.fixed_charge_id and taken.subscription_id = overrides.subscription_id
    where overrides.first_sequence is null or plan_units.sequence < overrides.first_sequence
    union all
    select taken.*, own.units, own.effective_at, own.valid_from, own.sequence
    from own
    inner join taken on own.fixed_charge_id = taken.fixed_charge_id and own.subscription_id = taken.subscription_id
),

-- What was changed before a charge got terms of its own counts for it too (rating, section 7).
inherited as (
    select taken.*, changes.units, changes.effective_at, changes.valid_from, changes.sequence
    from taken
    inner join first_units on taken.fixed_charge_id = first_units.fixed_charge_id
    inner join changes
        on taken.subscription_id = changes.subscription_id
        and taken.original_fixed_charge_id = changes.fixed_charge_id
        and changes.sequence < first_units.first_sequence
    where taken.fixed_charge_id <> taken.original_fixed_charge_id
),

counted as (
    select subscription_id, fixed_charge_id, units, effective_at, valid_from, sequence, first_known_at, first_started_at from changes
    union all
    select subscription_id, fixed_charge_id, units, effective_at, valid_from, sequence, first_known_at, first_started_at from inherited
),

-- The units that a plan had when the subscription was made hold from the subscription's beginning, however far back that is.
final as (
    select
        subscription_id, fixed_charge_id, units,
        case when valid_from <= first_known_at then first_started_at else effective_at end as effective_at,
        valid_from as known_at, sequence
    from counted
)

select * from final
