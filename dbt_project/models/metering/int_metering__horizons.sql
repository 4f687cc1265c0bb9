with customers as (
    select * from {{ ref('stg_catalog__customers') }}
),

test_clocks as (
    select * from {{ ref('stg_catalog__test_clocks') }}
),

run_horizon as (
    select * from {{ ref('stg_landing__run_horizon') }}
),

-- A test clock never goes back, so its greatest reading is its last.
readings as (
    select
        test_clocks.test_clock_id,
        max(test_clocks.reading) as reading
    from test_clocks
    inner join run_horizon on test_clocks.valid_from <= run_horizon.as_of
    group by test_clocks.test_clock_id
),

customer_clocks as (
    select
        customer_id,
        max(test_clock_id) as test_clock_id
    from customers
    group by customer_id
),

final as (
    select
        customer_clocks.customer_id,
        case when readings.reading is null then run_horizon.as_of else readings.reading end as as_of
    from customer_clocks
    cross join run_horizon
    left join readings on customer_clocks.test_clock_id = readings.test_clock_id
)

select * from final
