with charges as (
    select * from {{ ref('int_rating__charges') }} where usage_kind in ('period', 'renewal')
),

charge_units as (
    select * from {{ ref('int_billing__charge_units') }}
),

final as (
    select
        charges.usage_id,
        charges.window_charge_id,
        charges.charge_filter_id,
        charges.group_key,
        charges.units,
        charges.events_count,
        charges.unit_amount,
        charges.amount,
        {{ round_money('charges.amount', 'charge_units.minor_units') }} as amount_cents
    from charges
    inner join charge_units on charges.window_charge_id = charge_units.window_charge_id
)

select * from final
