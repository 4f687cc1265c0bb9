with source as (
    select * from {{ source('books', 'fee_tiers') }}
),

final as (
    select
        fee_id,
        invoice_id,
        position,
        from_value,
        to_value,
        units,
        per_unit_amount,
        flat_amount,
        amount,
        step_kind,
        rate,
        package_size,
        flat_count,
        per_unit_total_amount
    from source
)

select * from final
