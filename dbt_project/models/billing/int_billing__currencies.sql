with currencies as (
    select * from {{ ref('currencies') }}
),

final as (
    select
        code as currency,
        cast(exponent as bigint) as exponent,
        cast(case exponent when 0 then 1 when 3 then 1000 else 100 end as bigint) as minor_units,
        {{ minor_unit_amount('exponent') }} as minor_unit_amount
    from currencies
)

select * from final
