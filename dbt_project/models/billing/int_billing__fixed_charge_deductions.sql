with window_fixed_charges as (
    select * from {{ ref('int_metering__window_fixed_charges') }} where billing_side <> 'arrears'
),

amounts as (
    select * from {{ ref('int_billing__fixed_charge_amounts') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

-- The day of the change is the next plan's.
paid as (
    select
        window_fixed_charges.taken_over_by, window_fixed_charges.taken_over_at, window_fixed_charges.add_on_id, window_fixed_charges.currency,
        currencies.minor_units,
        {{ round_money('amounts.amount', 'currencies.minor_units') }} as paid_cents,
        {{ days_between(local_date('window_fixed_charges.taken_over_at', 'window_fixed_charges.timezone'), 'window_fixed_charges.last_on') }} + 1 as unused_days,
        {{ days_between('window_fixed_charges.first_on', 'window_fixed_charges.last_on') }} + 1 as paid_days
    from window_fixed_charges
    inner join amounts on window_fixed_charges.window_fixed_charge_id = amounts.window_fixed_charge_id
    inner join currencies on window_fixed_charges.currency = currencies.currency
    where window_fixed_charges.window_state = 'paid'
),

unused as (
    select
        taken_over_by, taken_over_at, add_on_id, currency, minor_units,
        {{ cents('sum(' ~ div_round('cast(paid_cents as decimal(38, 0)) * unused_days', 'paid_days') ~ ')') }} as unused_cents
    from paid
    group by taken_over_by, taken_over_at, add_on_id, currency, minor_units
),

-- Of an add-on that the next plan sells more than once, each takes what those before it left.
opened as (
    select
        window_fixed_charges.window_fixed_charge_id,
        unused.minor_units,
        amounts.amount,
        {{ working(from_minor_units('unused.unused_cents', 'unused.minor_units')) }} as unused_amount,
        sum(amounts.amount) over (
            partition by window_fixed_charges.subscription_id, window_fixed_charges.invoice_id, window_fixed_charges.add_on_id
            order by window_fixed_charges.charge_position, window_fixed_charges.window_fixed_charge_id rows unbounded preceding
        ) - amounts.amount as amount_before
    from window_fixed_charges
    inner join amounts on window_fixed_charges.window_fixed_charge_id = amounts.window_fixed_charge_id
    inner join unused
        on window_fixed_charges.subscription_id = unused.taken_over_by
        and window_fixed_charges.from_at = unused.taken_over_at
        and window_fixed_charges.add_on_id = unused.add_on_id
        and window_fixed_charges.currency = unused.currency
    where window_fixed_charges.window_state <> 'paid' and window_fixed_charges.billing_side = 'advance' and window_fixed_charges.prorated
),

final as (
    select
        window_fixed_charge_id,
        {{ working('case when unused_amount - amount_before < amount then unused_amount - amount_before else amount end') }} as amount
    from opened
    where unused_amount > amount_before and amount > 0
)

select * from final
