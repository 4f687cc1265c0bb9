with held_usage as (
    select * from {{ ref('int_billing__held_usage') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

final as (
    select
        held_usage.usage_id,
        held_usage.bill_id,
        held_usage.bill_state,
        held_usage.customer_id,
        customers.external_id as customer_external_id,
        held_usage.subscription_id,
        held_usage.external_subscription_id,
        held_usage.item_code,
        held_usage.units,
        held_usage.horizon_at
    from held_usage
    left join customers on held_usage.customer_id = customers.customer_id
)

select * from final
