with graduated_tiers as (
    select * from {{ ref('int_rating__graduated_tiers') }}
),

volume_tiers as (
    select * from {{ ref('int_rating__volume_tiers') }}
),

package_charges as (
    select * from {{ ref('int_rating__package_charges') }}
),

-- A package charge is explained by two steps: the free units, and the packages begun.
final as (
    select usage_id, position, from_value, to_value, units, per_unit_amount, flat_amount, amount from graduated_tiers
    union all
    select usage_id, position, from_value, to_value, units, per_unit_amount, flat_amount, amount from volume_tiers
    union all
    select
        usage_id,
        cast(1 as bigint) as position,
        {{ quantity('free_units') }} as from_value,
        cast(null as decimal(38, 12)) as to_value,
        packages as units,
        per_package_amount as per_unit_amount,
        {{ quantity('0') }} as flat_amount,
        amount
    from package_charges
)

select * from final
