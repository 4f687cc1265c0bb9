with buckets as (
    select distinct window_charge_id, original_charge_id, external_subscription_id, charge_filter_id, original_charge_filter_id, group_key, prorated
    from {{ ref('int_metering__advance_quantities') }}
    where charge_model = 'percentage'
),

advance_units as (
    select * from {{ ref('int_metering__advance_units') }}
),

advance_changes as (
    select * from {{ ref('int_metering__advance_changes') }} where recurring
),

-- The events of a charge in advance stand in the order in which they are billed, each with the units that it is billed for.
own as (
    select
        buckets.window_charge_id, buckets.charge_filter_id, buckets.group_key,
        advance_units.priced_place as event_number,
        false as is_carried,
        advance_units.external_subscription_id, advance_units.transaction_id, advance_units.timestamp, advance_units.known_at,
        advance_units.billed_units as change_quantity
    from buckets
    inner join advance_units
        on buckets.window_charge_id = advance_units.window_charge_id
        and coalesce(buckets.original_charge_filter_id, '') = coalesce(advance_units.original_charge_filter_id, '')
        and coalesce(buckets.group_key, '') = coalesce(advance_units.group_key, '')
),

-- What a recurring metric carries from outside the period is priced with it, and so uses up allowances first (rating, sections 4.6
-- and 5.2); prorated units are the period's own.
carried as (
    select
        buckets.window_charge_id, buckets.charge_filter_id, buckets.group_key,
        advance_changes.known_place as event_number,
        true as is_carried,
        advance_changes.external_subscription_id, advance_changes.transaction_id, advance_changes.timestamp, advance_changes.known_at,
        advance_changes.change_quantity
    from buckets
    inner join advance_changes
        on buckets.original_charge_id = advance_changes.original_charge_id
        and buckets.external_subscription_id = advance_changes.external_subscription_id
        and coalesce(buckets.original_charge_filter_id, '') = coalesce(advance_changes.original_charge_filter_id, '')
        and coalesce(buckets.group_key, '') = coalesce(advance_changes.group_key, '')
        and buckets.window_charge_id <> coalesce(advance_changes.window_charge_id, '')
    where not buckets.prorated
),

final as (
    select * from own
    union all
    select * from carried
)

select * from final
