with regular_bills as (
    select * from {{ ref('int_metering__regular_bills') }}
),

final_bills as (
    select * from {{ ref('int_metering__final_bills') }}
),

final as (
    select * from regular_bills
    union all
    select * from final_bills
)

select * from final
