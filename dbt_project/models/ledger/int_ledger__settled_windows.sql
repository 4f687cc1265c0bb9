with invoice_subscriptions as (
    select * from {{ ref('stg_books__invoice_subscriptions') }} where usage_from_at is not null and invoicing_reason not in ('in_advance_charge', 'progressive_billing')
),

invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

-- Late usage is settled by the first bill of the customer, in the currency and by the seller, that knew it.
last_bills as (
    select customer_id, billing_entity_id, currency, max(issued_at) as settled_until_at
    from invoices
    where invoice_type = 'subscription'
    group by customer_id, billing_entity_id, currency
),

usage_windows as (
    select * from {{ ref('int_metering__usage_windows') }} where window_state not in ('checked', 'late')
),

-- What has been issued since the drafts were built is in the books and no longer due.
windows as (
    select
        invoice_subscriptions.subscription_id, invoice_subscriptions.external_subscription_id, invoice_subscriptions.plan_id,
        invoice_subscriptions.usage_from_at as from_at,
        invoice_subscriptions.usage_to_at as to_at,
        invoice_subscriptions.issued_at as horizon_at,
        'billed' as window_state,
        last_bills.settled_until_at
    from invoice_subscriptions
    inner join invoices on invoice_subscriptions.invoice_id = invoices.invoice_id
    left join last_bills
        on invoices.customer_id = last_bills.customer_id and invoices.billing_entity_id = last_bills.billing_entity_id and invoices.currency = last_bills.currency
    union all
    select
        usage_windows.subscription_id, usage_windows.external_subscription_id, usage_windows.plan_id,
        usage_windows.from_at, usage_windows.to_at, usage_windows.horizon_at, usage_windows.window_state, null
    from usage_windows
    left join invoices on usage_windows.invoice_id = invoices.invoice_id
    where invoices.invoice_id is null
),

-- One instant of a subscription lies in one window: a window ends where the next one of the same name begins.
ordered as (
    select
        *,
        lead(from_at) over (partition by external_subscription_id order by from_at, to_at, subscription_id) as next_from_at
    from windows
),

final as (
    select
        {{ deterministic_id(['subscription_id', instant_text('from_at'), instant_text('to_at')]) }} as settled_window_id,
        subscription_id, external_subscription_id, plan_id, from_at,
        case when next_from_at < to_at then next_from_at else to_at end as to_at,
        horizon_at, window_state, settled_until_at
    from ordered
)

select * from final
