with rules as (
    select * from {{ ref('stg_catalog__recurring_transaction_rules') }} where rule_trigger = 'interval' and status = 'active'
),

wallets as (
    select * from {{ ref('stg_catalog__wallets') }}
),

customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select * from {{ ref('stg_catalog__billing_entities') }}
),

horizons as (
    select * from {{ ref('int_metering__horizons') }}
),

whole_numbers as (
    {{ whole_numbers(6000) }}
),

zoned as (
    select
        rules.*,
        horizons.as_of,
        coalesce(customers.timezone, billing_entities.timezone, 'UTC') as timezone,
        coalesce(rules.started_at, wallets.created_at) as anchored_at
    from rules
    inner join horizons on rules.customer_id = horizons.customer_id and rules.valid_from <= horizons.as_of
    inner join wallets on rules.wallet_id = wallets.wallet_id and {{ known_at('wallets', 'rules.valid_from') }}
    inner join customers on rules.customer_id = customers.customer_id and {{ known_at('customers', 'rules.valid_from') }}
    inner join billing_entities
        on customers.billing_entity_id = billing_entities.billing_entity_id and {{ known_at('billing_entities', 'rules.valid_from') }}
),

anchored as (
    select
        recurring_transaction_rule_id, customer_id, timezone, valid_from, valid_to, as_of,
        rule_interval as plan_interval,
        case rule_interval when 'monthly' then 1 when 'quarterly' then 3 when 'semiannual' then 6 else 12 end as billing_months,
        {{ local_date('anchored_at', 'timezone') }} as anchor_on,
        {{ local_date('created_at', 'timezone') }} as created_on,
        {{ local_date('as_of', 'timezone') }} as as_of_on,
        case rule_interval when 'weekly' then 7 when 'monthly' then 28 when 'quarterly' then 84 when 'semiannual' then 168 else 336 end as least_days
    from zoned
),

counted as (
    select *, {{ div_down(days_between('anchor_on', 'as_of_on'), 'least_days') }} as last_number
    from anchored
    where anchor_on <= as_of_on
),

-- Days of the month are clamped without drift, as a plan's are (invoicing, section 2.1).
numbered as (
    select counted.*, {{ period_start('counted', 'whole_numbers.n') }} as due_on
    from counted
    inner join whole_numbers on whole_numbers.n <= counted.last_number
),

dated as (
    select *, {{ utc_time('due_on', 'timezone') }} as due_at
    from numbered
    where due_on > created_on
),

final as (
    select recurring_transaction_rule_id, customer_id, as_of, due_at
    from dated
    where due_at >= valid_from and due_at < coalesce(valid_to, timestamp '9999-12-31 00:00:00') and due_at <= as_of
)

select * from final
