with settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

fee_taxes as (
    select * from {{ ref('int_billing__fee_taxes') }}
),

final as (
    select
        fee_taxes.fee_id,
        case when settlement_queue.invoice_type <> 'standalone_fee' then fee_taxes.invoice_id end as invoice_id,
        fee_taxes.tax_id,
        fee_taxes.tax_code,
        fee_taxes.tax_name,
        fee_taxes.tax_rate,
        fee_taxes.taxable_base_cents,
        fee_taxes.amount_cents
    from fee_taxes
    inner join settlement_queue on fee_taxes.invoice_id = settlement_queue.invoice_id
)

select * from final
