with issue_fee_taxes as (
    select * from {{ ref('int_billing__issue_fee_taxes') }} where invoice_id is not null
),

final as (
    select
        invoice_id,
        tax_id,
        tax_code,
        tax_name,
        tax_rate,
        {{ share('sum(taxable_base_cents)') }} as taxable_base_cents,
        {{ round_cents(percentage_of('sum(taxable_base_cents)', 'tax_rate')) }} as amount_cents
    from issue_fee_taxes
    group by invoice_id, tax_id, tax_code, tax_name, tax_rate
)

select * from final
