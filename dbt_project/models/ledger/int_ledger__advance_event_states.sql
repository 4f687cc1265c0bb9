with advance_events as (
    select * from {{ ref('int_metering__advance_events') }} where window_charge_id is not null
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }} where event_transaction_id is not null
),

waiting_fees as (
    select * from {{ ref('int_billing__fees') }} where event_transaction_id is not null
),

held_fees as (
    select distinct bill_id as fee_id from {{ ref('int_billing__held_usage') }}
),

-- An event that is charged and has no fee is in no state, so that the sum of the states no longer holds.
stated as (
    select
        advance_events.external_subscription_id,
        advance_events.transaction_id,
        case
            when issued_fees.fee_id is not null then 1
            when waiting_fees.fee_id is not null or held_fees.fee_id is not null then 2
            when advance_events.is_billed and {{ is_counted('advance_events.aggregation_type', 'advance_events.field_text', 'advance_events.field_value') }} then 0
            else 3
        end as state_rank
    from advance_events
    left join issued_fees on advance_events.fee_id = issued_fees.fee_id
    left join waiting_fees on advance_events.fee_id = waiting_fees.fee_id
    left join held_fees on advance_events.fee_id = held_fees.fee_id
),

-- Of the charges of one event the least settled one tells.
ranked as (
    select
        external_subscription_id,
        transaction_id,
        min(case when state_rank = 3 then null else state_rank end) as first_rank,
        max(case when state_rank = 3 then null else state_rank end) as last_rank
    from stated
    group by external_subscription_id, transaction_id
),

final as (
    select
        external_subscription_id,
        transaction_id,
        case when first_rank = 0 then 'missing' when last_rank = 2 then 'due' when last_rank = 1 then 'billed' else 'without_effect' end as event_state
    from ranked
)

select * from final
