-- Fails if what is left to pay, over all ages, is not the balance of the receivables in any currency.
{{ checks('fct_receivables_aging') }}
with entries as (
    select currency, sum(amount_cents) as amount_cents
    from {{ ref('fct_ledger_entries') }}
    where account = 'receivables'
    group by currency
),

aged as (
    select currency, sum(total_due_amount_cents) as amount_cents
    from {{ ref('fct_receivables_aging') }}
    group by currency
)

select coalesce(entries.currency, aged.currency) as currency
from entries
full join aged on entries.currency = aged.currency
where coalesce(entries.amount_cents, 0) is distinct from coalesce(aged.amount_cents, 0)
