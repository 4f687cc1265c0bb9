with issue_fees as (
    select * from {{ ref('int_billing__issue_fees') }}
),

fee_steps as (
    select * from {{ ref('int_billing__fee_steps') }}
),

final as (
    select
        issue_fees.fee_id,
        issue_fees.invoice_id,
        fee_steps.position,
        fee_steps.from_value,
        fee_steps.to_value,
        fee_steps.units,
        fee_steps.per_unit_amount,
        fee_steps.flat_amount,
        fee_steps.amount,
        fee_steps.step_kind,
        fee_steps.rate,
        fee_steps.package_size,
        fee_steps.flat_count,
        fee_steps.per_unit_total_amount
    from issue_fees
    inner join fee_steps on issue_fees.fee_id = fee_steps.fee_id
)

select * from final
