{%- set charge = 'invoice_id, corrected_invoice_id, subscription_id, from_at, charge_id' -%}
with late_differences as (
    select * from {{ ref('int_billing__late_differences') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

added as (
    select
        *,
        case when own_amount_cents > 0 then own_amount_cents else 0 end as own_added_cents,
        case when amount_cents > 0 then amount_cents else 0 end as added_cents
    from late_differences
    where not is_true_up
),

reached as (
    select
        *,
        {{ running_sum('own_added_cents', charge, "coalesce(charge_filter_id, ''), coalesce(group_key, '')") }} as own_through_cents,
        {{ running_sum('added_cents', charge, "coalesce(charge_filter_id, ''), coalesce(group_key, '')") }} as through_cents
    from added
),

-- What one bucket of a charge gives back, or its minimum needs no more, is first taken off what the others add.
netted as (
    select
        *,
        case
            when own_through_cents <= charge_own_amount_cents then own_added_cents
            when own_through_cents - own_added_cents < charge_own_amount_cents then charge_own_amount_cents - (own_through_cents - own_added_cents)
            else 0
        end as own_line_cents,
        case
            when through_cents <= charge_amount_cents then added_cents
            when through_cents - added_cents < charge_amount_cents then charge_amount_cents - (through_cents - added_cents)
            else 0
        end as line_cents
    from reached
),

priced as (
    select
        netted.*,
        {{ from_minor_units('netted.own_line_cents', 'netted.own_minor_units') }} as own_amount,
        {{ from_minor_units('netted.line_cents', 'currencies.minor_units') }} as amount
    from netted
    inner join currencies on netted.currency = currencies.currency
    where netted.line_cents > 0 or (netted.amount_cents = 0 and (netted.units <> 0 or netted.events_count <> 0))
),

final as (
    select
        {{ deterministic_id(["'late_usage'", 'invoice_id', 'subscription_id', instant_text('from_at'), 'charge_id', "coalesce(charge_filter_id, '')", "coalesce(group_key, '')"]) }} as fee_id,
        invoice_id, corrected_invoice_id, known_after_at,
        case when is_due then 'due' else 'draft' end as fee_state,
        customer_id, subscription_id, external_subscription_id, plan_id, charge_id, charge_filter_id, charge_model, billable_metric_id, billable_metric_code, group_key,
        item_code, item_name, item_position, from_at, to_at,
        invoice_horizon_at as horizon_at,
        currency, after_usage_id, before_usage_id, units, events_count,
        {{ unit_price('amount', 'units') }} as unit_amount,
        amount, pricing_unit_id, pricing_unit_code, pricing_unit_short_name, conversion_rate,
        {{ unit_price('own_amount', 'units') }} as own_unit_amount,
        own_amount,
        {{ cents('own_line_cents') }} as own_amount_cents
    from priced
)

select * from final
