with opening_items as (
    select * from {{ ref('int_metering__unissued_items') }} where invoicing_reason = 'starting'
),

billed_items as (
    select * from {{ ref('int_metering__invoice_items') }} where invoicing_reason in ('starting', 'periodic', 'fixed_charge_change')
),

subscriptions as (
    select * from {{ ref('stg_catalog__subscriptions') }} where previous_subscription_id is not null
),

invoice_voids as (
    select * from {{ ref('stg_catalog__invoice_voids') }}
),

-- What the plan before had billed by the moment of the bill that opens the next one; of a void bill nothing is paid.
final as (
    select
        billed_items.invoice_id, billed_items.invoicing_reason, billed_items.subscription_id, billed_items.period_index, billed_items.known_from,
        billed_items.customer_id, billed_items.external_subscription_id, billed_items.plan_id, billed_items.currency, billed_items.timezone,
        billed_items.horizon_at,
        opening_items.subscription_id as taken_over_by,
        subscriptions.started_at as taken_over_at
    from opening_items
    inner join subscriptions
        on opening_items.subscription_id = subscriptions.subscription_id and {{ known_at('subscriptions', 'opening_items.horizon_at') }}
    inner join billed_items
        on subscriptions.previous_subscription_id = billed_items.subscription_id and billed_items.issued_at <= opening_items.issued_at
    left join invoice_voids
        on billed_items.invoice_id = invoice_voids.invoice_id and invoice_voids.valid_from <= opening_items.horizon_at
    where invoice_voids.invoice_id is null
)

select * from final
