with advance_quantities as (
    select * from {{ ref('int_metering__advance_quantities') }}
),

charges as (
    select * from {{ ref('int_rating__charges') }}
),

rated as (
    select
        advance_quantities.*,
        charges.amount
    from advance_quantities
    inner join charges on advance_quantities.usage_id = charges.usage_id
),

final as (
    select
        with_event.fee_id,
        with_event.window_charge_id,
        with_event.charge_id,
        with_event.charge_filter_id,
        with_event.group_key,
        with_event.charge_model,
        with_event.external_subscription_id,
        with_event.transaction_id,
        with_event.currency,
        with_event.horizon_at,
        with_event.billed_units,
        with_event.shown_units as units,
        with_event.full_units as total_aggregated_units,
        case when with_event.amount > without_event.amount then {{ working('with_event.amount - without_event.amount') }} else {{ working('0') }} end as amount
    from rated as with_event
    inner join rated as without_event on with_event.fee_id = without_event.fee_id and without_event.side = 'before'
    where with_event.side = 'after'
)

select * from final
