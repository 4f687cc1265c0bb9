with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }}
),

final as (
    select
        unissued_items.invoice_id,
        unissued_items.subscription_id,
        unissued_items.external_subscription_id,
        unissued_items.plan_id,
        unissued_items.invoicing_reason,
        unissued_items.fee_from_at,
        unissued_items.fee_to_at,
        unissued_items.usage_from_at,
        unissued_items.usage_to_at,
        unissued_items.issued_at
    from unissued_items
    inner join settlement_queue on unissued_items.invoice_id = settlement_queue.invoice_id
)

select * from final
