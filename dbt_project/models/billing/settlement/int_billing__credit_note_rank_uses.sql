with credit_note_candidates as (
    select * from {{ ref('int_billing__credit_note_candidates') }}
),

control as (
    select * from {{ source('settlement', 'control') }}
),

credit_note_uses as (
    select * from {{ source('settlement', 'credit_note_uses') }}
),

paid as (
    select invoice_id, sum(amount_cents) as amount_cents
    from credit_note_uses
    group by invoice_id
),

demands as (
    select
        credit_note_candidates.*,
        credit_note_candidates.sub_total_including_taxes_amount_cents - coalesce(paid.amount_cents, 0) as demand_cents
    from credit_note_candidates
    inner join control on credit_note_candidates.rank_number = control.rank_number
    left join paid on credit_note_candidates.invoice_id = paid.invoice_id
),

cumulated as (
    select *, {{ running_sum('demand_cents', 'credit_note_id', 'queue_position') }} as demand_so_far_cents
    from demands
    where demand_cents > 0
),

-- A note that was there before the first of these invoices pays them in order until it is used up.
taken as (
    select
        *,
        case
            when demand_so_far_cents <= balance_amount_cents then demand_cents
            else balance_amount_cents - (demand_so_far_cents - demand_cents)
        end as take_cents
    from cumulated
),

final as (
    select invoice_id, credit_note_id, {{ cents('take_cents') }} as amount_cents
    from taken
    where take_cents > 0
)

select * from final
