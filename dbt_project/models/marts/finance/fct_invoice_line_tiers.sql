with issued_tiers as (
    select * from {{ ref('stg_books__fee_tiers') }}
),

invoice_lines as (
    select * from {{ ref('fct_invoice_lines') }} where is_draft
),

fee_steps as (
    select * from {{ ref('int_billing__fee_steps') }}
),

final as (
    select
        fee_id, invoice_id, position, from_value, to_value, units, per_unit_amount, flat_amount, amount,
        step_kind, rate, package_size, flat_count, per_unit_total_amount
    from issued_tiers
    union all
    select
        invoice_lines.fee_id, invoice_lines.invoice_id, fee_steps.position, fee_steps.from_value, fee_steps.to_value,
        fee_steps.units, fee_steps.per_unit_amount, fee_steps.flat_amount, fee_steps.amount,
        fee_steps.step_kind, fee_steps.rate, fee_steps.package_size, fee_steps.flat_count, fee_steps.per_unit_total_amount
    from invoice_lines
    inner join fee_steps on invoice_lines.fee_id = fee_steps.fee_id
)

select * from final
