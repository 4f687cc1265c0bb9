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
        cast(coupon_rank_uses.amount_cents as decimal(38, 0)) * 100000 as shared,
        sum({{ scaled('coupon_lines.remaining_cents', 5) }}) over (partition by coupon_lines.invoice_id, coupon_lines.applied_coupon_id order by coupon_lines.fee_id rows unbounded preceding) as weight_so_far,
        sum({{ scaled('coupon_lines.remaining_cents', 5) }}) over (partition by coupon_lines.invoice_id, coupon_lines.applied_coupon_id) as weight_in_all
    from coupon_rank_uses
    inner join coupon_lines
        on coupon_rank_uses.invoice_id = coupon_lines.invoice_id and coupon_rank_uses.applied_coupon_id = coupon_lines.applied_coupon_id
    where coupon_lines.remaining_cents > 0
),

-- shared * weight_so_far / weight_in_all by long division, eight digits of `shared` at a time: the product may have more than 38 digits.
digits as (
    select
        *,
        {{ div_down('shared', 'cast(10000000000000000 as decimal(38, 0))') }} as high,
        {{ div_down('shared', 'cast(100000000 as decimal(38, 0))') }} as upper
    from cumulated
),

begun as (
    select
        *,
        {{ div_down('high * weight_so_far', 'weight_in_all') }} as first_quotient
    from digits
),

carried as (
    select
        *,
        (high * weight_so_far - first_quotient * weight_in_all) * 100000000 + (upper - high * 100000000) * weight_so_far as second_dividend
    from begun
),

went_on as (
    select
        *,
        {{ div_down('second_dividend', 'weight_in_all') }} as second_quotient
    from carried
),

-- Rounding the running total, and not each part, makes the parts add up to the amount by construction.
rounded as (
    select
        fee_id, invoice_id, applied_coupon_id,
        first_quotient * cast(10000000000000000 as decimal(38, 0)) + second_quotient * 100000000 + {{ div_round('((second_dividend - second_quotient * weight_in_all) * 100000000 + (shared - upper * 100000000) * weight_so_far)', 'weight_in_all') }} as shared_so_far
    from went_on
),

final as (
    select
        fee_id,
        applied_coupon_id,
        {{ share(unscaled('shared_so_far - coalesce(lag(shared_so_far) over (partition by invoice_id, applied_coupon_id order by fee_id), 0)', 5)) }} as share_cents
    from rounded
)

select * from final
