with window_fixed_charges as (
    select * from {{ ref('int_metering__window_fixed_charges') }}
),

unit_changes as (
    select * from {{ ref('int_metering__unit_changes') }}
),

-- A change for the next period takes effect with the first period that starts after it was made.
seen as (
    select
        window_fixed_charges.window_fixed_charge_id,
        window_fixed_charges.billing_side,
        window_fixed_charges.period_from_at,
        window_fixed_charges.to_at,
        window_fixed_charges.change_sequence,
        unit_changes.units,
        unit_changes.known_at,
        unit_changes.sequence,
        case
            when unit_changes.effective_at is not null then unit_changes.effective_at
            when unit_changes.known_at < window_fixed_charges.period_from_at then window_fixed_charges.period_from_at
        end as effective_at
    from window_fixed_charges
    inner join unit_changes
        on window_fixed_charges.subscription_id = unit_changes.subscription_id
        and window_fixed_charges.fixed_charge_id = unit_changes.fixed_charge_id
        and unit_changes.known_at <= window_fixed_charges.horizon_at
),

-- A period's opening looks no further than its start, a change no further than itself.
reached as (
    select *, effective_at <= period_from_at as is_opening
    from seen
    where effective_at <= period_from_at
        or (billing_side = 'arrears' and effective_at < to_at)
        or (billing_side = 'change' and sequence <= change_sequence and effective_at is not null)
),

ranked as (
    select *, row_number() over (partition by window_fixed_charge_id, is_opening order by known_at desc, sequence desc) as recency
    from reached
),

-- Of what was in force before the period only the change made last counts, then every change inside it (rating, section 7).
final as (
    select
        window_fixed_charge_id,
        units,
        effective_at,
        is_opening,
        row_number() over (partition by window_fixed_charge_id order by known_at, sequence) as made_number,
        row_number() over (partition by window_fixed_charge_id order by known_at desc, sequence desc) as recency
    from ranked
    where recency = 1 or not is_opening
)

select * from final
