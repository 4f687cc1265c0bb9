with issued_tiers as (
    select * from {{ ref('stg_books__fee_tiers') }}
),

invoice_lines as (
    select * from {{ ref('fct_invoice_lines') }} where is_draft
),

charge_tiers as (
    select * from {{ ref('int_rating__charge_tiers') }}
),

final as (
    select
        fee_id, invoice_id, position, from_value, to_value, units, per_unit_amount, flat_amount, amount,
        step_kind, rate, package_size, flat_count, per_unit_total_amount
    from issued_tiers
    union all
    select
        invoice_lines.fee_id, invoice_lines.invoice_id, charge_tiers.position, charge_tiers.from_value, charge_tiers.to_value,
        charge_tiers.units, charge_tiers.per_unit_amount, charge_tiers.flat_amount, charge_tiers.amount,
        charge_tiers.step_kind, charge_tiers.rate, charge_tiers.package_size, charge_tiers.flat_count, charge_tiers.per_unit_total_amount
    from invoice_lines
    inner join charge_tiers on invoice_lines.fee_id = charge_tiers.usage_id
)

select * from final
