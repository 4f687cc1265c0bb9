with applied_coupons as (
    select * from {{ ref('stg_catalog__applied_coupons') }}
),

coupon_uses as (
    select * from {{ ref('stg_books__coupon_uses') }}
),

invoice_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

known as (
    select
        applied_coupons.applied_coupon_id, applied_coupons.coupon_id, applied_coupons.customer_id,
        {{ coupon_stock('applied_coupons') }} as capacity,
        {{ is_spent_by_amount('applied_coupons') }} as is_spent_by_amount
    from applied_coupons
    inner join horizons on applied_coupons.customer_id = horizons.customer_id and {{ known_at('applied_coupons', 'horizons.as_of') }}
),

-- A void invoice gives its use back.
drawn as (
    select
        known.applied_coupon_id, known.capacity, coupon_uses.issued_at, coupon_uses.amount_cents,
        sum(case when known.is_spent_by_amount then coupon_uses.amount_cents else 1 end) over (
            partition by known.applied_coupon_id order by coupon_uses.issued_at, coupon_uses.invoice_id rows unbounded preceding
        ) as drawn
    from known
    inner join coupon_uses on known.applied_coupon_id = coupon_uses.applied_coupon_id
    left join invoice_voids on coupon_uses.invoice_id = invoice_voids.invoice_id
    where invoice_voids.invoice_id is null
),

used as (
    select
        applied_coupon_id,
        count(*) as uses_count,
        sum(amount_cents) as amount_cents,
        min(case when drawn >= capacity then issued_at end) as exhausted_at
    from drawn
    group by applied_coupon_id
),

final as (
    select
        known.applied_coupon_id, known.coupon_id, known.customer_id,
        {{ cents('coalesce(used.uses_count, 0)') }} as uses_count,
        {{ cents('coalesce(used.amount_cents, 0)') }} as used_amount_cents,
        {{ cents('case when known.is_spent_by_amount then known.capacity - coalesce(used.amount_cents, 0) end') }} as remaining_amount_cents,
        {{ cents('case when not known.is_spent_by_amount then known.capacity - coalesce(used.uses_count, 0) end') }} as remaining_uses,
        used.exhausted_at
    from known
    left join used on known.applied_coupon_id = used.applied_coupon_id
)

select * from final
