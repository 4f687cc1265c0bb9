with chargeable_quantities as (
    select * from {{ ref('int_metering__chargeable_quantities') }}
),

standard_charges as (
    select * from {{ ref('int_rating__standard_charges') }}
),

graduated_charges as (
    select * from {{ ref('int_rating__graduated_charges') }}
),

graduated_percentage_charges as (
    select * from {{ ref('int_rating__graduated_percentage_charges') }}
),

package_charges as (
    select * from {{ ref('int_rating__package_charges') }}
),

percentage_charges as (
    select * from {{ ref('int_rating__percentage_charges') }}
),

volume_charges as (
    select * from {{ ref('int_rating__volume_charges') }}
),

dynamic_charges as (
    select * from {{ ref('int_rating__dynamic_charges') }}
),

custom_charges as (
    select * from {{ ref('int_rating__custom_charges') }}
),

-- A unit amount spreads the amount over the full units; over the paid ones where units are sold in packages.
rated as (
    select usage_id, amount, cast(null as decimal(38, 12)) as paid_units from standard_charges
    union all
    select usage_id, amount, null from graduated_charges
    union all
    select usage_id, amount, null from graduated_percentage_charges
    union all
    select usage_id, amount, paid_units from package_charges
    union all
    select usage_id, amount, null from percentage_charges
    union all
    select usage_id, amount, null from volume_charges
    union all
    select usage_id, amount, null from dynamic_charges
    union all
    select usage_id, amount, null from custom_charges
),

signed as (
    select
        chargeable_quantities.usage_id, chargeable_quantities.usage_kind, chargeable_quantities.window_charge_id, chargeable_quantities.charge_id, chargeable_quantities.charge_filter_id,
        chargeable_quantities.group_key, chargeable_quantities.charge_model, chargeable_quantities.events_count, chargeable_quantities.full_units, rated.amount,
        coalesce(rated.paid_units, chargeable_quantities.full_units) as divided_units,
        chargeable_quantities.full_units < 0 or rated.amount < 0 as is_negative
    from chargeable_quantities
    inner join rated on chargeable_quantities.usage_id = rated.usage_id
),

-- Negative units or a negative amount bill nothing (rating, section 0.1); the units shown are the full ones.
billed as (
    select
        usage_id, usage_kind, window_charge_id, charge_id, charge_filter_id, group_key, charge_model, events_count, divided_units,
        case when is_negative then {{ quantity('0') }} else full_units end as units,
        case when is_negative then {{ working('0') }} else amount end as amount
    from signed
),

final as (
    select
        usage_id,
        usage_kind,
        window_charge_id,
        charge_id,
        charge_filter_id,
        group_key,
        charge_model,
        events_count,
        units,
        amount,
        {{ unit_price('amount', 'divided_units') }} as unit_amount
    from billed
)

select * from final
