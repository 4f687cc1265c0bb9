with source as (
    select * from {{ source('catalog', 'fixed_charges') }}
),

final as (
    select
        id as fixed_charge_id,
        plan_id,
        code,
        add_on_id,
        charge_model,
        invoice_display_name,
        pay_in_advance,
        prorated,
        position,
        coalesce(parent_id, id) as original_fixed_charge_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
