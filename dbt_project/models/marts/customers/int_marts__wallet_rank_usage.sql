with services as (
    select * from {{ ref('int_marts__wallet_bucket_services') }}
),

-- A row per bucket, a column per wallet of the customer: what it may pay, null where it does not serve the bucket.
{{ rank_usage(['customer_id', 'currency']) }},

final as (
    select customer_id, currency, usage_1_cents, usage_2_cents, usage_3_cents, usage_4_cents, usage_5_cents, usage_6_cents
    from rank_usage
)

select * from final
