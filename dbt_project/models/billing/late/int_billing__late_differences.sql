{%- set bucket = 'invoice_id, is_due, invoice_horizon_at, corrected_invoice_id, known_after_at, customer_id, subscription_id, external_subscription_id, plan_id, from_at, to_at, charge_id, charge_filter_id, group_key, is_true_up, charge_model, billable_metric_id, billable_metric_code, item_code, item_name, item_position, currency, pricing_unit_id, pricing_unit_code, pricing_unit_short_name, conversion_rate, own_minor_units, late_usage_policy' -%}
with late_windows as (
    select * from {{ ref('int_metering__late_windows') }}
),

usage_fees as (
    select * from {{ ref('int_billing__usage_fees') }} where fee_state = 'late'
),

usage_amounts as (
    select * from {{ ref('int_billing__usage_amounts') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }} where window_state = 'late'
),

charge_units as (
    select * from {{ ref('int_billing__charge_units') }}
),

checked_amounts as (
    select * from {{ ref('int_billing__checked_amounts') }} where fee_state = 'late' and not pay_in_advance
),

-- Each side is rounded as a fee is, so that what is billed in all is what the period makes with everything known (settlement, late usage).
sides as (
    select
        late_windows.invoice_id, late_windows.is_due, late_windows.invoice_horizon_at, late_windows.corrected_invoice_id, late_windows.known_after_at, late_windows.side,
        case late_windows.side when 'after' then 1 else -1 end as factor,
        usage_fees.fee_id as usage_id, usage_fees.true_up_parent_fee_id is not null as is_true_up,
        usage_fees.customer_id, usage_fees.subscription_id, usage_fees.external_subscription_id, usage_fees.plan_id, usage_fees.from_at, usage_fees.to_at,
        usage_fees.charge_id, usage_fees.charge_filter_id, usage_fees.group_key, usage_fees.charge_model, usage_fees.billable_metric_id,
        usage_fees.billable_metric_code, usage_fees.item_code, usage_fees.item_name, usage_fees.item_position, usage_fees.currency, usage_fees.units, usage_fees.events_count,
        usage_amounts.pricing_unit_id, usage_amounts.pricing_unit_code, usage_amounts.pricing_unit_short_name, usage_amounts.conversion_rate, charge_units.minor_units as own_minor_units, window_charges.late_usage_policy,
        usage_amounts.own_amount_cents, checked_amounts.amount_cents
    from late_windows
    inner join usage_fees on late_windows.usage_window_id = usage_fees.usage_window_id
    inner join usage_amounts on usage_fees.fee_id = usage_amounts.fee_id
    inner join window_charges on usage_amounts.window_charge_id = window_charges.window_charge_id
    inner join charge_units on usage_amounts.window_charge_id = charge_units.window_charge_id
    inner join checked_amounts on usage_fees.fee_id = checked_amounts.fee_id
),

differences as (
    select
        {{ bucket }},
        max(case when side = 'after' then usage_id end) as after_usage_id,
        max(case when side = 'before' then usage_id end) as before_usage_id,
        sum(factor * units) as units,
        sum(factor * events_count) as events_count,
        sum(factor * own_amount_cents) as own_amount_cents,
        sum(factor * amount_cents) as amount_cents,
        sum(case when side = 'before' then amount_cents else 0 end) as before_cents
    from sides
    group by {{ bucket }}
),

final as (
    select
        {{ bucket }}, after_usage_id, before_usage_id,
        {{ quantity('units') }} as units,
        {{ cents('events_count') }} as events_count,
        {{ cents('own_amount_cents') }} as own_amount_cents,
        {{ cents('amount_cents') }} as amount_cents,
        {{ cents('sum(own_amount_cents) over (partition by invoice_id, corrected_invoice_id, subscription_id, from_at, charge_id)') }} as charge_own_amount_cents,
        {{ cents('sum(amount_cents) over (partition by invoice_id, corrected_invoice_id, subscription_id, from_at, charge_id)') }} as charge_amount_cents,
        {{ cents('sum(before_cents) over (partition by invoice_id, corrected_invoice_id, subscription_id, from_at, charge_id)') }} as charge_before_amount_cents
    from differences
)

select * from final
