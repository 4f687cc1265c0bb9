with fees as (
    select * from {{ ref('stg_books__fees') }} where fee_type <> 'credit'
),

invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

standalone_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

-- The books keep a line's exact share of the coupons. It becomes minor units as the difference of two rounded sums, so that the lines of an invoice add up.
shared as (
    select
        fees.*,
        {{ round_cents('sum(precise_coupons_amount_cents) over (partition by coalesce(invoice_id, fee_id) order by position rows unbounded preceding)') }} as coupons_through_cents,
        {{ round_cents('coalesce(sum(precise_coupons_amount_cents) over (partition by coalesce(invoice_id, fee_id) order by position rows between unbounded preceding and 1 preceding), 0)') }} as coupons_before_cents
    from fees
),

billed as (
    select
        shared.fee_id, shared.invoice_id, shared.customer_id, shared.subscription_id, shared.fee_type, shared.currency,
        {{ cents('shared.amount_cents - shared.progressive_billing_credit_amount_cents - (shared.coupons_through_cents - shared.coupons_before_cents)') }} as net_amount_cents,
        coalesce(invoices.issuing_date, standalone_fees.issuing_date) as billed_on,
        -- A fee of one event is served when it is billed, and so is what has no period.
        case when invoices.invoice_id is not null and shared.event_transaction_id is null and shared.from_at < shared.to_at
            then {{ local_date('shared.from_at', 'invoices.timezone') }} end as starts_on,
        {{ last_day('shared.to_at', 'invoices.timezone', 'false') }} as ends_on
    from shared
    left join invoices on shared.invoice_id = invoices.invoice_id
    left join standalone_fees on shared.fee_id = standalone_fees.fee_id
),

final as (
    select
        fee_id, invoice_id, customer_id, subscription_id, fee_type, currency, net_amount_cents, billed_on,
        coalesce(starts_on, billed_on) as service_from_on,
        case when starts_on is null then billed_on else ends_on end as service_to_on
    from billed
    where net_amount_cents <> 0
)

select * from final
