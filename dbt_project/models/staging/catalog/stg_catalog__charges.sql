with source as (
    select * from {{ source('catalog', 'charges') }}
),

final as (
    select
        id as charge_id,
        plan_id,
        code,
        billable_metric_id,
        charge_model,
        invoice_display_name,
        pay_in_advance,
        prorated,
        invoiceable,
        min_amount_cents,
        late_usage_policy,
        position,
        pricing_unit_id,
        {{ quantity('conversion_rate') }} as conversion_rate,
        coalesce(parent_id, id) as original_charge_id,
        valid_from,
        valid_to,
        recorded_at,
        sequence
    from source
)

select * from final
