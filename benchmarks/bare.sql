-- The least that must be done to know what to bill: decode the landing files, drop duplicates exactly (the first received
-- counts), aggregate. Narrow decimals hold the numbers of this data; casting to decimal(38, 12) alone would take ten times as long.
with decoded as (
    select external_subscription_id, transaction_id, code, date_trunc('month', timestamp) as month,
        try_cast(json_extract_string(properties, '$.tokens') as decimal(18, 6)) as tokens, received_at, received_sequence
    from read_parquet($files)
),

placed as (
    select *, row_number() over (partition by external_subscription_id, transaction_id order by received_at, received_sequence) as place
    from decoded
)

select external_subscription_id, code, month, count(*) as events, sum(tokens) as tokens
from placed
where place = 1
group by external_subscription_id, code, month
