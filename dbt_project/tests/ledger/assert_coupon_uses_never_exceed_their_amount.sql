-- Fails if a coupon took off more than it holds: its amount when fixed and used once, else its number of invoices. Voids give uses back.
{{ checks('stg_books__coupon_uses') }}
with uses as (
    select applied_coupon_id, sum(amount_cents) as amount_cents, count(distinct invoice_id) as invoices
    from {{ ref('stg_books__coupon_uses') }}
    where invoice_id not in (select invoice_id from {{ ref('stg_books__invoice_voids') }})
    group by applied_coupon_id
),

coupons as (
    select
        applied_coupon_id, frequency,
        max(percentage_rate) as percentage_rate,
        max(amount_cents) as amount_cents,
        max(frequency_duration) as frequency_duration
    from {{ ref('stg_catalog__applied_coupons') }}
    group by applied_coupon_id, frequency
)

select uses.applied_coupon_id
from uses
inner join coupons on uses.applied_coupon_id = coupons.applied_coupon_id
where (coupons.frequency = 'once' and coupons.percentage_rate is null and uses.amount_cents > coupons.amount_cents)
    or (coupons.frequency = 'once' and coupons.percentage_rate is not null and uses.invoices > 1)
    or (coupons.frequency = 'recurring' and uses.invoices > coupons.frequency_duration)
