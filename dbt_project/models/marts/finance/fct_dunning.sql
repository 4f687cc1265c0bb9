with payment_requests as (
    select * from {{ ref('stg_books__payment_requests') }}
),

dunning_resets as (
    select * from {{ ref('int_ledger__dunning_resets') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

resets as (
    select dunning_resets.customer_id, dunning_resets.currency, max(dunning_resets.reset_at) as reset_at
    from dunning_resets
    inner join horizons on dunning_resets.customer_id = horizons.customer_id and dunning_resets.reset_at <= horizons.as_of
    group by dunning_resets.customer_id, dunning_resets.currency
),

final as (
    select
        payment_requests.customer_id, payment_requests.currency,
        count(distinct case when resets.reset_at is null or payment_requests.requested_at >= resets.reset_at then payment_requests.requested_at end) as attempts_count,
        count(*) as payment_requests_count,
        max(payment_requests.requested_at) as last_attempted_at,
        max(resets.reset_at) as reset_at
    from payment_requests
    left join resets on payment_requests.customer_id = resets.customer_id and payment_requests.currency = resets.currency
    group by payment_requests.customer_id, payment_requests.currency
)

select * from final
