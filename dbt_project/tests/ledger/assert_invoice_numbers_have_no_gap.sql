-- Fails if a sequence of invoice numbers misses or repeats a number. A customer counts per billing entity, and an entity
-- counts its customers on a test clock apart from the others.
{{ checks('stg_books__invoices') }}
with clocks as (
    select customer_id, coalesce(max(test_clock_id), '') as clock
    from {{ ref('stg_catalog__customers') }}
    group by customer_id
),

numbered as (
    select
        invoices.invoice_id,
        invoices.customer_sequence,
        invoices.entity_sequence,
        row_number() over (partition by invoices.customer_id, invoices.billing_entity_id order by invoices.customer_sequence) as customer_place,
        row_number() over (partition by invoices.billing_entity_id, coalesce(clocks.clock, '') order by invoices.entity_sequence) as entity_place
    from {{ ref('stg_books__invoices') }} as invoices
    left join clocks on invoices.customer_id = clocks.customer_id
    where invoices.status <> 'closed'
)

select invoice_id
from numbered
where customer_sequence is distinct from customer_place or entity_sequence is distinct from entity_place
