with quantities as (
    select * from {{ ref('int_metering__quantities') }}
),

window_charges as (
    select * from {{ ref('int_metering__window_charges') }}
),

advance_usage as (
    select * from {{ ref('int_metering__advance_usage') }}
),

advance_quantities as (
    select * from {{ ref('int_metering__advance_quantities') }}
),

fixed_charge_quantities as (
    select * from {{ ref('int_metering__fixed_charge_quantities') }}
),

-- The period's usage is billed in arrears; a charge in advance has a fee per event instead, and its period is only shown. Units that it carries
-- over are billed at once for the whole next period (rating, section 5.3). On an upgrade the next plan bills recurring units that are the same
-- all period long; those that are weighted by time are billed here up to that day.
period_rows as (
    select
        quantities.usage_id,
        case when window_charges.is_renewed then 'renewal' else 'period' end as usage_kind,
        quantities.window_charge_id,
        window_charges.charge_id,
        quantities.charge_filter_id,
        quantities.group_key,
        window_charges.charge_model,
        window_charges.currency,
        window_charges.prorated,
        window_charges.horizon_at,
        coalesce(advance_usage.units, quantities.units) as units,
        coalesce(advance_usage.full_units, quantities.full_units) as full_units,
        quantities.total_aggregated_units,
        quantities.events_count,
        quantities.precise_total_amount_cents,
        cast(null as bigint) as through_event_number
    from quantities
    inner join window_charges on quantities.window_charge_id = window_charges.window_charge_id
    left join advance_usage on quantities.usage_id = advance_usage.usage_id
    where (not window_charges.pay_in_advance or advance_usage.usage_id is not null or (window_charges.is_renewed and quantities.full_units > 0))
        and not (
            window_charges.is_continued and window_charges.recurring
            and not window_charges.prorated and window_charges.aggregation_type <> 'weighted_sum_agg'
        )
),

-- A fixed charge that had no units yet by then is not sold yet: not even a flat fee is due.
fixed_rows as (
    select
        usage_id,
        'fixed' as usage_kind,
        cast(null as string) as window_charge_id,
        fixed_charge_id as charge_id,
        cast(null as string) as charge_filter_id,
        cast(null as string) as group_key,
        charge_model,
        currency,
        prorated,
        horizon_at,
        units,
        full_units,
        full_units as total_aggregated_units,
        cast(0 as bigint) as events_count,
        {{ quantity('0') }} as precise_total_amount_cents,
        cast(null as bigint) as through_event_number
    from fixed_charge_quantities
    where is_in_force
),

advance_rows as (
    select
        usage_id,
        'advance' as usage_kind,
        window_charge_id, charge_id, charge_filter_id, group_key, charge_model, currency, prorated, horizon_at,
        units, full_units,
        full_units as total_aggregated_units,
        events_count, precise_total_amount_cents, through_event_number
    from advance_quantities
),

final as (
    select * from period_rows
    union all
    select * from fixed_rows
    union all
    select * from advance_rows
)

select * from final
