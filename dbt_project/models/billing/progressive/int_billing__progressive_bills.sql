with threshold_crossings as (
    select * from {{ ref('int_billing__threshold_crossings') }}
),

checked_windows as (
    select * from {{ ref('int_metering__checked_windows') }} where window_part = 'current'
),

unissued_items as (
    select * from {{ ref('int_metering__unissued_items') }} where usage_from_at is not null
),

-- Several thresholds passed at one look call for one invoice.
passed as (
    select distinct usage_check_id
    from threshold_crossings
),

progressive as (
    select
        {{ deterministic_id(["'progressive_billing'", 'checked_windows.subscription_id', instant_text('checked_windows.from_at'), instant_text('checked_windows.horizon_at')]) }} as invoice_id,
        checked_windows.usage_window_id, checked_windows.customer_id, checked_windows.subscription_id, checked_windows.currency,
        checked_windows.from_at, checked_windows.to_at, checked_windows.horizon_at
    from checked_windows
    inner join passed on checked_windows.usage_check_id = passed.usage_check_id
),

begun as (
    select distinct subscription_id, from_at
    from progressive
),

bills as (
    select invoice_id, 'progressive_billing' as invoice_type, 1 as place, usage_window_id, customer_id, subscription_id, currency, from_at, to_at, horizon_at as ready_at
    from progressive
    union all
    select
        unissued_items.invoice_id, 'subscription', 2, cast(null as string), unissued_items.customer_id, unissued_items.subscription_id, unissued_items.currency,
        unissued_items.usage_from_at, unissued_items.usage_to_at, unissued_items.ready_at
    from unissued_items
    inner join begun
        on unissued_items.subscription_id = begun.subscription_id and unissued_items.usage_from_at = begun.from_at
),

-- Each bills the whole period again, so it credits the one before it and no other (invoicing, section 8).
final as (
    select
        invoice_id, invoice_type, usage_window_id, customer_id, subscription_id, currency, from_at, to_at, ready_at,
        lag(invoice_id) over (partition by subscription_id, from_at order by place, ready_at) as credited_invoice_id
    from bills
)

select * from final
