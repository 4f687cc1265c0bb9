with charge_amounts as (
    select * from {{ ref('int_billing__charge_amounts') }}
),

-- Filters, groups and the default bucket together.
final as (
    select
        window_charge_id,
        {{ quantity('sum(units)') }} as units,
        {{ working('sum(amount)') }} as amount,
        cast(sum(amount_cents) as bigint) as amount_cents,
        min(case when charge_filter_id is null then usage_id end) as default_usage_id
    from charge_amounts
    group by window_charge_id
)

select * from final
