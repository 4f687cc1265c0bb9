with issue_fees as (
    select * from {{ ref('int_billing__issue_fees') }}
),

charge_tiers as (
    select * from {{ ref('int_rating__charge_tiers') }}
),

final as (
    select
        issue_fees.fee_id,
        issue_fees.invoice_id,
        charge_tiers.position,
        charge_tiers.from_value,
        charge_tiers.to_value,
        charge_tiers.units,
        charge_tiers.per_unit_amount,
        charge_tiers.flat_amount,
        charge_tiers.amount,
        charge_tiers.step_kind,
        charge_tiers.rate,
        charge_tiers.package_size,
        charge_tiers.flat_count,
        charge_tiers.per_unit_total_amount
    from issue_fees
    inner join charge_tiers on issue_fees.fee_id = charge_tiers.usage_id
)

select * from final
