-- Fails if the legs of a double-entry transaction do not sum to zero.
select transaction_id
from {{ ref('stg_books__postings') }}
group by transaction_id
having sum(amount_cents) is distinct from 0
