with coupon_rank_uses as (
    select * from {{ ref('int_billing__coupon_rank_uses') }}
),

coupon_lines as (
    select * from {{ ref('int_billing__coupon_lines') }}
),

cumulated as (
    select
        coupon_lines.fee_id,
        coupon_lines.invoice_id,
        coupon_lines.applied_coupon_id,
        coupon_rank_uses.amount_cents,
        {{ scaled('coupon_lines.remaining_cents', 5) }} as weight,
        sum({{ scaled('coupon_lines.remaining_cents', 5) }}) over (partition by coupon_lines.invoice_id, coupon_lines.applied_coupon_id order by coupon_lines.fee_id rows unbounded preceding) as weight_so_far,
        sum({{ scaled('coupon_lines.remaining_cents', 5) }}) over (partition by coupon_lines.invoice_id, coupon_lines.applied_coupon_id) as weight_in_all
    from coupon_rank_uses
    inner join coupon_lines
        on coupon_rank_uses.invoice_id = coupon_lines.invoice_id and coupon_rank_uses.applied_coupon_id = coupon_lines.applied_coupon_id
    where coupon_lines.remaining_cents > 0
),

-- Rounding the running total, and not each part, makes the parts add up to the amount by construction.
final as (
    select
        fee_id,
        applied_coupon_id,
        {{ share(unscaled(div_round('cast(amount_cents as decimal(38, 0)) * 100000 * weight_so_far', 'weight_in_all') ~ ' - ' ~ div_round('cast(amount_cents as decimal(38, 0)) * 100000 * (weight_so_far - weight)', 'weight_in_all'), 5)) }} as share_cents
    from cumulated
)

select * from final
