with coupon_wishes as (
    select * from {{ ref('int_billing__coupon_wishes') }} where wish_cents > 0
),

issued_uses as (
    select * from {{ ref('stg_books__coupon_uses') }}
),

issued_voids as (
    select * from {{ ref('stg_books__invoice_voids') }}
),

stocks as (
    select distinct applied_coupon_id, applied_at, capacity, is_spent_by_amount from coupon_wishes where capacity is not null
),

-- A stock of cents (fixed, once) or of invoices (recurring, or a percentage used once), drawn on in order. What a void invoice had used is there again.
movements as (
    select applied_coupon_id, applied_at as moment, 0 as movement_class, cast(0 as bigint) as queue_position, cast(null as string) as invoice_id, capacity as delta
    from stocks
    union all
    select stocks.applied_coupon_id, issued_uses.issued_at, 1, 0, null, case when stocks.is_spent_by_amount then -issued_uses.amount_cents else -1 end
    from stocks
    inner join issued_uses on stocks.applied_coupon_id = issued_uses.applied_coupon_id
    left join issued_voids on issued_uses.invoice_id = issued_voids.invoice_id
    where issued_voids.invoice_id is null
    union all
    select applied_coupon_id, issued_at, 2, queue_position, invoice_id, case when is_spent_by_amount then -wish_cents else -1 end
    from coupon_wishes
    where capacity is not null
),

balanced as (
    select
        *,
        sum(delta) over (
            partition by applied_coupon_id order by moment, movement_class, queue_position, invoice_id rows unbounded preceding
        ) as balance
    from movements
),

reflected as (
    select
        *,
        {{ uncovered('balance', 'applied_coupon_id', 'moment, movement_class, queue_position, invoice_id') }} as uncovered
    from balanced
),

taken as (
    select
        applied_coupon_id,
        invoice_id,
        -delta - (uncovered - lag(uncovered, 1, 0) over (partition by applied_coupon_id order by moment, movement_class, queue_position, invoice_id)) as take
    from reflected
),

final as (
    select
        coupon_wishes.invoice_id,
        coupon_wishes.applied_coupon_id,
        {{ cents('case when coupon_wishes.capacity is null then coupon_wishes.wish_cents when coupon_wishes.is_spent_by_amount then taken.take else coupon_wishes.wish_cents * taken.take end') }} as amount_cents
    from coupon_wishes
    left join taken on coupon_wishes.invoice_id = taken.invoice_id and coupon_wishes.applied_coupon_id = taken.applied_coupon_id
    where coupon_wishes.capacity is null or taken.take > 0
)

select * from final
