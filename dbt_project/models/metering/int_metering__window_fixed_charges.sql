with fixed_charge_windows as (
    select * from {{ ref('int_metering__fixed_charge_windows') }}
),

fixed_charges as (
    select * from {{ ref('stg_catalog__fixed_charges') }}
),

unit_changes as (
    select * from {{ ref('int_metering__unit_changes') }}
),

final as (
    select
        {{ deterministic_id(["'fixed_charge'", 'fixed_charge_windows.fixed_charge_window_id', 'fixed_charges.fixed_charge_id']) }} as window_fixed_charge_id,
        fixed_charge_windows.invoice_id,
        fixed_charge_windows.subscription_id,
        fixed_charge_windows.customer_id,
        fixed_charge_windows.external_subscription_id,
        fixed_charge_windows.plan_id,
        fixed_charge_windows.currency,
        fixed_charge_windows.timezone,
        fixed_charge_windows.window_state,
        fixed_charge_windows.horizon_at,
        fixed_charge_windows.billing_side,
        fixed_charge_windows.period_from_at,
        fixed_charge_windows.from_at,
        fixed_charge_windows.to_at,
        {{ local_date('fixed_charge_windows.from_at', 'fixed_charge_windows.timezone') }} as first_on,
        {{ local_date('fixed_charge_windows.last_at', 'fixed_charge_windows.timezone') }} as last_on,
        fixed_charge_windows.period_days,
        fixed_charge_windows.change_sequence,
        fixed_charge_windows.taken_over_by,
        fixed_charge_windows.taken_over_at,
        fixed_charges.fixed_charge_id,
        fixed_charges.add_on_id,
        fixed_charges.charge_model,
        fixed_charges.invoice_display_name,
        fixed_charges.position as charge_position,
        fixed_charges.prorated
    from fixed_charge_windows
    inner join fixed_charges
        on fixed_charge_windows.plan_id = fixed_charges.plan_id
        and fixed_charges.pay_in_advance = (fixed_charge_windows.billing_side <> 'arrears')
        and {{ known_at('fixed_charges', 'fixed_charge_windows.horizon_at') }}
    left join unit_changes
        on fixed_charge_windows.subscription_id = unit_changes.subscription_id
        and fixed_charges.fixed_charge_id = unit_changes.fixed_charge_id
        and fixed_charge_windows.change_sequence = unit_changes.sequence
    where fixed_charge_windows.billing_side <> 'change' or unit_changes.sequence is not null
)

select * from final
