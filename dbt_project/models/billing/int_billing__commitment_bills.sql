with commitment_periods as (
    select * from {{ ref('int_billing__commitment_periods') }}
),

invoice_items as (
    select * from {{ ref('int_metering__invoice_items') }}
),

-- The time that the fees of a bill are for: what it closes, and what it opens.
spans as (
    select
        invoice_id, subscription_id, customer_id, currency, ready_at, issued_at, horizon_at, is_due,
        coalesce(usage_from_at, fee_from_at, ready_at) as from_at,
        case
            when renewed_to_at > coalesce(fee_to_at, usage_to_at) then renewed_to_at
            else coalesce(fee_to_at, renewed_to_at, usage_to_at, {{ from_epoch_microseconds(epoch_microseconds('ready_at') ~ ' + 1') }})
        end as to_at
    from invoice_items
),

-- A bill that is held back, or has a longer grace period, may be issued after the one that closes the period. What tops the period up waits for the last
-- of them: until then it is not known what the period costs.
ranked as (
    select
        commitment_periods.*,
        spans.invoice_id, spans.customer_id, spans.issued_at, spans.horizon_at, spans.is_due,
        row_number() over (
            partition by commitment_periods.subscription_id, commitment_periods.closing_invoice_id, commitment_periods.from_at
            order by spans.issued_at desc, spans.ready_at desc, spans.invoice_id desc
        ) as bill_rank
    from commitment_periods
    inner join spans on commitment_periods.subscription_id = spans.subscription_id and commitment_periods.currency = spans.currency
    where spans.invoice_id = commitment_periods.closing_invoice_id or (spans.from_at < commitment_periods.to_at and spans.to_at > commitment_periods.from_at)
),

final as (
    select
        closing_invoice_id, subscription_id, external_subscription_id, plan_id, currency, from_at, to_at, committed_days, period_days,
        invoice_id, customer_id, issued_at, horizon_at, is_due
    from ranked
    where bill_rank = 1
)

select * from final
