with customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

final as (
    select
        customers.customer_id, customers.external_id, customers.sequential_id, customers.name, customers.legal_name, customers.email, customers.currency,
        coalesce(customers.timezone, billing_entities.timezone, 'UTC') as timezone,
        customers.billing_entity_id,
        billing_entities.code as billing_entity_code,
        customers.account_type, customers.test_clock_id, customers.address, customers.tax_identification_number,
        horizons.as_of
    from customers
    inner join horizons on customers.customer_id = horizons.customer_id and {{ known_at('customers', 'horizons.as_of') }}
    left join billing_entities
        on customers.billing_entity_id = billing_entities.billing_entity_id and {{ known_at('billing_entities', 'horizons.as_of') }}
)

select * from final
