with charge_events as (
    select * from {{ ref('int_metering__advance_charge_events') }}
),

received_events as (
    select * from {{ ref('int_metering__received_events') }}
),

charges as (
    select * from {{ ref('stg_catalog__charges') }} where pay_in_advance
),

charge_filters as (
    select * from {{ ref('stg_catalog__charge_filters') }}
),

charge_group_keys as (
    select * from {{ ref('stg_catalog__charge_group_keys') }}
),

bucketed_charges as (
    select charge_id from charge_filters
    union
    select charge_id from charge_group_keys
),

-- What is carried is put into buckets by the first charge that counts it.
recurring_charges as (
    select charge_id, original_charge_id, charge_model, external_subscription_id, billable_metric_code, aggregation_type, field_name
    from (
        select *, row_number() over (partition by original_charge_id, external_subscription_id order by billed_at, transaction_id) as place
        from charge_events
        where recurring
    ) as placed
    where place = 1
),

first_versions as (
    select charge_id, min(valid_from) as valid_from from charges group by charge_id
),

-- A recurring metric counts every event ever sent, also one from before the subscription or under another plan (rating, section 2).
carried as (
    select
        recurring_charges.*, received_events.transaction_id, received_events.timestamp, received_events.properties,
        received_events.precise_total_amount_cents, received_events.known_at, received_events.received_at, received_events.received_sequence,
        case when received_events.known_at >= first_versions.valid_from then received_events.known_at else first_versions.valid_from end as billed_at
    from recurring_charges
    inner join first_versions on recurring_charges.charge_id = first_versions.charge_id
    inner join received_events
        on recurring_charges.external_subscription_id = received_events.external_subscription_id
        and recurring_charges.billable_metric_code = received_events.code
    left join charge_events
        on recurring_charges.original_charge_id = charge_events.original_charge_id
        and received_events.external_subscription_id = charge_events.external_subscription_id
        and received_events.transaction_id = charge_events.transaction_id
    where charge_events.charge_id is null
),

united as (
    select
        window_charge_id, charge_id, original_charge_id, charge_model, external_subscription_id, transaction_id, timestamp, properties,
        precise_total_amount_cents, known_at, received_at, received_sequence, billed_at, aggregation_type, field_name, recurring, is_billed
    from charge_events
    union all
    select
        null, charge_id, original_charge_id, charge_model, external_subscription_id, transaction_id, timestamp, properties,
        precise_total_amount_cents, known_at, received_at, received_sequence, billed_at, aggregation_type, field_name, true, false
    from carried
),

read as (
    select
        united.*,
        bucketed_charges.charge_id is not null as has_buckets,
        case when aggregation_type <> 'count_agg' then {{ json_text('properties', 'field_name') }} end as field_text
    from united
    left join bucketed_charges on united.charge_id = bucketed_charges.charge_id
),

-- The id is made of what is billed, so it is the same whichever run bills it, and an event is billed once per charge (law 4).
final as (
    select
        {{ deterministic_id(["'advance'", 'charge_id', 'external_subscription_id', 'transaction_id']) }} as fee_id,
        window_charge_id, charge_id, original_charge_id, charge_model, external_subscription_id, transaction_id, timestamp, properties,
        precise_total_amount_cents, known_at, received_at, received_sequence, billed_at, aggregation_type, recurring, is_billed, has_buckets, field_text,
        {{ field_number('aggregation_type', 'field_text') }} as field_value
    from read
)

select * from final
