with unrounded_fees as (
    select * from {{ ref('int_billing__unrounded_fees') }} where fee_state in ('due', 'draft')
),

adjusted_fees as (
    select * from {{ ref('stg_catalog__adjusted_fees') }}
),

adjusted as (
    select
        unrounded_fees.fee_id,
        unrounded_fees.charge_model,
        unrounded_fees.precise_amount as computed_amount,
        coalesce(adjusted_fees.units, unrounded_fees.units) as units,
        coalesce({{ working('adjusted_fees.unit_precise_amount') }}, unrounded_fees.unit_amount) as unit_amount,
        coalesce(adjusted_fees.invoice_display_name, unrounded_fees.item_name) as item_name,
        adjusted_fees.units is not null or adjusted_fees.unit_precise_amount is not null as is_priced
    from adjusted_fees
    inner join unrounded_fees
        on adjusted_fees.fee_id = unrounded_fees.fee_id and {{ known_at('adjusted_fees', 'unrounded_fees.horizon_at') }}
),

-- A new name alone leaves the amount as it was computed.
final as (
    select
        fee_id, charge_model, computed_amount, units, unit_amount, item_name,
        case when is_priced then {{ times('units', 'unit_amount') }} else computed_amount end as precise_amount
    from adjusted
)

select * from final
