-- The least that must be done to know what to bill: decode the landing files, drop duplicates exactly, aggregate.
with decoded as (
    select external_subscription_id, transaction_id, code, date_trunc('month', timestamp) as month,
        try_cast(json_extract_string(properties, '$.tokens') as decimal(38, 12)) as tokens, received_at, received_sequence
    from read_parquet($files)
),

once as (
    select external_subscription_id, transaction_id, min_by({'code': code, 'month': month, 'tokens': tokens}, (received_at, received_sequence)) as event
    from decoded
    group by external_subscription_id, transaction_id
)

select external_subscription_id, event.code, event.month, count(*) as events, sum(event.tokens) as tokens
from once
group by external_subscription_id, event.code, event.month
