with wallet_candidates as (
    select * from {{ ref('int_billing__wallet_candidates') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

wallet_lines as (
    select * from {{ ref('int_billing__wallet_lines') }}
),

wallet_shares as (
    select * from {{ source('settlement', 'wallet_shares') }}
),

wallet_targets as (
    select * from {{ ref('stg_catalog__wallet_targets') }}
),

candidates as (
    select wallet_candidates.invoice_id, wallet_candidates.wallet_id, wallet_candidates.credit_class, wallet_candidates.inbound_priority, wallet_candidates.issued_at
    from wallet_candidates
    inner join control on wallet_candidates.rank_number = control.rank_number
),

paid as (
    select invoice_id, fee_id, sum(share_cents) as share_cents
    from wallet_shares
    group by invoice_id, fee_id
),

targets as (
    select
        candidates.invoice_id, candidates.wallet_id, candidates.credit_class, candidates.inbound_priority, wallet_targets.fee_type, wallet_targets.billable_metric_id
    from candidates
    inner join wallet_targets on candidates.wallet_id = wallet_targets.wallet_id and {{ known_at('wallet_targets', 'candidates.issued_at') }}
),

-- A wallet without limits pays every line; else those of a listed fee type or of a listed metric: one of the two is enough.
served as (
    select
        candidates.invoice_id, candidates.wallet_id, candidates.credit_class, candidates.inbound_priority,
        wallet_lines.fee_id, wallet_lines.line_position, wallet_lines.payable_cents
    from candidates
    inner join wallet_lines on candidates.invoice_id = wallet_lines.invoice_id
    left join (select distinct invoice_id, wallet_id, credit_class, inbound_priority from targets) as limited
        on candidates.invoice_id = limited.invoice_id and candidates.wallet_id = limited.wallet_id
        and candidates.credit_class = limited.credit_class and candidates.inbound_priority = limited.inbound_priority
    where limited.invoice_id is null
    union
    select
        targets.invoice_id, targets.wallet_id, targets.credit_class, targets.inbound_priority,
        wallet_lines.fee_id, wallet_lines.line_position, wallet_lines.payable_cents
    from targets
    inner join wallet_lines on targets.invoice_id = wallet_lines.invoice_id and targets.fee_type = wallet_lines.fee_type
    union
    select
        targets.invoice_id, targets.wallet_id, targets.credit_class, targets.inbound_priority,
        wallet_lines.fee_id, wallet_lines.line_position, wallet_lines.payable_cents
    from targets
    inner join wallet_lines on targets.invoice_id = wallet_lines.invoice_id and targets.billable_metric_id = wallet_lines.billable_metric_id
),

final as (
    select
        served.invoice_id, served.wallet_id, served.credit_class, served.inbound_priority, served.fee_id, served.line_position,
        {{ working('served.payable_cents - coalesce(paid.share_cents, 0)') }} as remaining_cents
    from served
    left join paid on served.invoice_id = paid.invoice_id and served.fee_id = paid.fee_id
    where served.payable_cents > coalesce(paid.share_cents, 0)
)

select * from final
