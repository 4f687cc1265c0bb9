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

sold as (
    select distinct fixed_charge_id, plan_id from fixed_charges
),

begun as (
    select subscription_id, plan_id, min(valid_from) as first_known_at, min(started_at) as first_started_at
    from subscriptions
    group by subscription_id, plan_id
),

overrides as (
    select fixed_charge_id, subscription_id, min(sequence) as first_sequence
    from own
    group by fixed_charge_id, subscription_id
),

-- Once a subscription has units of its own, changes of the plan pass it over (rating, section 7).
of_the_plan as (
    select begun.subscription_id, plan_units.fixed_charge_id, plan_units.units, plan_units.effective_at, plan_units.valid_from, plan_units.sequence
    from plan_units
    inner join sold on plan_units.fixed_charge_id = sold.fixed_charge_id
    inner join begun on sold.plan_id = begun.plan_id
    left join overrides
        on plan_units.fixed_charge_id = overrides.fixed_charge_id and begun.subscription_id = overrides.subscription_id
    where overrides.first_sequence is null or plan_units.sequence < overrides.first_sequence
),

changes as (
    select subscription_id, fixed_charge_id, units, effective_at, valid_from, sequence from of_the_plan
    union all
    select subscription_id, fixed_charge_id, units, effective_at, valid_from, sequence from own
),

-- The units that a plan had when the subscription was made hold from the subscription's beginning, however far back that is.
final as (
    select
        changes.subscription_id,
        changes.fixed_charge_id,
        changes.units,
        case when changes.valid_from <= begun.first_known_at then begun.first_started_at else changes.effective_at end as effective_at,
        changes.valid_from as known_at,
        changes.sequence
    from changes
    inner join begun on changes.subscription_id = begun.subscription_id
)

select * from final
