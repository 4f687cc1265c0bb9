with charge_totals as (
    select * from {{ ref('int_billing__charge_totals') }}
),

charge_units as (
    select * from {{ ref('int_billing__charge_units') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
    where window_state not in ('open', 'checked') and min_amount_cents > 0 and invoiceable and not pay_in_advance
),

window_days as (
    select * from {{ ref('int_metering__window_days') }}
),

-- The minimum of the days that the window has, as a price: 12 decimals.
missing as (
    select
        window_charges.window_charge_id,
        charge_totals.default_usage_id,
        charge_units.minor_units,
        {{ working(unscaled(div_round('cast(window_charges.min_amount_cents as decimal(38, 0)) * window_days.window_days * 1000000000000', 'window_days.period_days * charge_units.minor_units'), 12) ~ ' - ' ~ from_minor_units('charge_totals.amount_cents', 'charge_units.minor_units')) }} as amount
    from window_charges
    inner join charge_totals on window_charges.window_charge_id = charge_totals.window_charge_id
    inner join charge_units on window_charges.window_charge_id = charge_units.window_charge_id
    inner join window_days on window_charges.window_charge_id = window_days.window_charge_id
),

rounded as (
    select *, {{ round_money('amount', 'minor_units') }} as amount_cents
    from missing
    where amount > 0
),

-- One unit on a line of its own, beside the fee of the default bucket (rating, section 4.12).
final as (
    select
        {{ deterministic_id(["'true_up'", 'window_charge_id']) }} as fee_id,
        window_charge_id,
        default_usage_id as true_up_parent_fee_id,
        amount,
        amount_cents
    from rounded
    where amount_cents > 0
)

select * from final
