with wallet_rank_uses as (
    select * from {{ ref('int_billing__wallet_rank_uses') }}
),

wallet_rank_lines as (
    select * from {{ ref('int_billing__wallet_rank_lines') }}
),

cumulated as (
    select
        wallet_rank_uses.invoice_id, wallet_rank_uses.wallet_id, wallet_rank_uses.credit_class, wallet_rank_uses.inbound_priority, wallet_rank_uses.amount_cents,
        wallet_rank_lines.fee_id, wallet_rank_lines.line_position, wallet_rank_lines.remaining_cents,
        {{ working('sum(wallet_rank_lines.remaining_cents) over (partition by wallet_rank_uses.invoice_id order by wallet_rank_lines.line_position rows unbounded preceding)') }} as upper_cents,
        {{ round_cents('sum(wallet_rank_lines.remaining_cents) over (partition by wallet_rank_uses.invoice_id)') }} as served_cents
    from wallet_rank_uses
    inner join wallet_rank_lines on wallet_rank_uses.invoice_id = wallet_rank_lines.invoice_id
),

-- Lines are paid in order until the use is spent; a use that is all of them, rounded, pays them off to the last fraction.
covered as (
    select
        *,
        case
            when amount_cents = served_cents or upper_cents <= amount_cents then remaining_cents
            else {{ working('amount_cents - (upper_cents - remaining_cents)') }}
        end as share_cents,
        case when upper_cents < amount_cents then upper_cents else {{ working('amount_cents') }} end as paid_so_far_cents
    from cumulated
    where amount_cents = served_cents or upper_cents - remaining_cents < amount_cents
),

counted as (
    select
        *,
        {{ round_cents('case when amount_cents = served_cents and line_position = max(line_position) over (partition by invoice_id) then amount_cents else paid_so_far_cents end') }} as whole_so_far_cents
    from covered
),

-- Rounding the running total, and not each part, makes the parts add up to the use.
final as (
    select
        invoice_id, wallet_id, credit_class, inbound_priority, fee_id,
        {{ working('share_cents') }} as share_cents,
        {{ cents('whole_so_far_cents - coalesce(lag(whole_so_far_cents) over (partition by invoice_id order by line_position), 0)') }} as amount_cents
    from counted
)

select * from final
