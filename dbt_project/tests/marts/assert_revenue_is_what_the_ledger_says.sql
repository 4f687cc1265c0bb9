-- Fails if the revenue that is recognised over all months, or billed in the roll-forward, is not what the ledger says was earned, in any currency.
{{ checks('fct_deferred_revenue') }}
with entries as (
    select currency, -sum(amount_cents) as amount_cents
    from {{ ref('fct_ledger_entries') }}
    where account in ('revenue', 'coupon_discounts')
    group by currency
),

rolled as (
    select currency, sum(billed_amount_cents) as billed_cents, sum(recognized_amount_cents) as recognized_cents
    from {{ ref('fct_deferred_revenue') }}
    group by currency
)

select coalesce(entries.currency, rolled.currency) as currency
from entries
full join rolled on entries.currency = rolled.currency
where coalesce(entries.amount_cents, 0) is distinct from coalesce(rolled.billed_cents, 0)
    or coalesce(entries.amount_cents, 0) is distinct from coalesce(rolled.recognized_cents, 0)
