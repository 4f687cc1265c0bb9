with usage_out_of_domain as (
    select * from {{ ref('int_rating__usage_out_of_domain') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where window_state <> 'checked'
),

late_windows as (
    select * from {{ ref('int_metering__late_windows') }}
),

fixed_charge_quantities as (
    select * from {{ ref('int_metering__fixed_charge_quantities') }}
),

window_fixed_charges as (
    select * from {{ ref('int_metering__window_fixed_charges') }} where window_state <> 'paid'
),

add_ons as (
    select * from {{ ref('stg_catalog__add_ons') }}
),

advance_quantities as (
    select * from {{ ref('int_metering__advance_quantities') }}
),

charge_events as (
    select * from {{ ref('int_metering__advance_charge_events') }}
),

-- A fee in advance is a bill of its own.
final as (
    select
        usage_out_of_domain.usage_id,
        window_charges.invoice_id as bill_id,
        case when late_windows.is_due then 'due' when late_windows.usage_window_id is not null then 'draft' else window_charges.window_state end as bill_state,
        window_charges.customer_id,
        window_charges.subscription_id,
        window_charges.external_subscription_id,
        usage_out_of_domain.charge_id,
        window_charges.billable_metric_code as item_code,
        usage_out_of_domain.full_units as units,
        coalesce(late_windows.invoice_horizon_at, usage_out_of_domain.horizon_at) as horizon_at
    from usage_out_of_domain
    inner join window_charges on usage_out_of_domain.window_charge_id = window_charges.window_charge_id
    left join late_windows on window_charges.usage_window_id = late_windows.usage_window_id
    where usage_out_of_domain.usage_kind in ('period', 'renewal')
    union all
    select
        usage_out_of_domain.usage_id, window_fixed_charges.invoice_id, window_fixed_charges.window_state, window_fixed_charges.customer_id,
        window_fixed_charges.subscription_id, window_fixed_charges.external_subscription_id, usage_out_of_domain.charge_id, add_ons.code,
        usage_out_of_domain.full_units, usage_out_of_domain.horizon_at
    from usage_out_of_domain
    inner join fixed_charge_quantities on usage_out_of_domain.usage_id = fixed_charge_quantities.usage_id
    inner join window_fixed_charges on fixed_charge_quantities.window_fixed_charge_id = window_fixed_charges.window_fixed_charge_id
    inner join add_ons
        on window_fixed_charges.add_on_id = add_ons.add_on_id and {{ known_at('add_ons', 'window_fixed_charges.horizon_at') }}
    where usage_out_of_domain.usage_kind = 'fixed'
    union all
    select
        usage_out_of_domain.usage_id, advance_quantities.fee_id, 'due', charge_events.customer_id, charge_events.subscription_id,
        charge_events.external_subscription_id, usage_out_of_domain.charge_id, charge_events.billable_metric_code,
        usage_out_of_domain.full_units, usage_out_of_domain.horizon_at
    from usage_out_of_domain
    inner join advance_quantities on usage_out_of_domain.usage_id = advance_quantities.usage_id
    inner join charge_events
        on advance_quantities.window_charge_id = charge_events.window_charge_id
        and advance_quantities.external_subscription_id = charge_events.external_subscription_id
        and advance_quantities.transaction_id = charge_events.transaction_id
)

select * from final
