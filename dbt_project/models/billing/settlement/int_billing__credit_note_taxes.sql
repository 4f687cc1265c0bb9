with credit_note_items as (
    select * from {{ ref('int_billing__credit_note_items') }}
),

fee_taxes as (
    select * from {{ ref('int_billing__fee_taxes') }}
),

issued_fee_taxes as (
    select * from {{ ref('stg_books__fee_taxes') }}
),

issued_fees as (
    select * from {{ ref('stg_books__fees') }}
),

-- The taxes of the fee as it was billed, in the books or by this pass.
rates as (
    select credit_note_items.credit_note_id, issued_fee_taxes.fee_id, issued_fee_taxes.tax_id, issued_fee_taxes.tax_code, issued_fee_taxes.tax_name, issued_fee_taxes.tax_rate
    from credit_note_items
    inner join issued_fee_taxes on credit_note_items.fee_id = issued_fee_taxes.fee_id
    union all
    select credit_note_items.credit_note_id, fee_taxes.fee_id, fee_taxes.tax_id, fee_taxes.tax_code, fee_taxes.tax_name, fee_taxes.tax_rate
    from credit_note_items
    inner join fee_taxes on credit_note_items.fee_id = fee_taxes.fee_id
    left join issued_fees on fee_taxes.fee_id = issued_fees.fee_id
    where issued_fees.fee_id is null
),

summed as (
    select
        rates.credit_note_id, rates.tax_id, rates.tax_code, rates.tax_name, rates.tax_rate,
        sum(credit_note_items.precise_amount_cents - credit_note_items.precise_coupons_amount_cents) as base_cents,
        sum(credit_note_items.used_base_cents) as used_base_cents,
        sum(credit_note_items.fee_base_cents) as fee_base_cents
    from rates
    inner join credit_note_items on rates.credit_note_id = credit_note_items.credit_note_id and rates.fee_id = credit_note_items.fee_id
    group by rates.credit_note_id, rates.tax_id, rates.tax_code, rates.tax_name, rates.tax_rate
),

final as (
    select
        credit_note_id, tax_id, tax_code, tax_name, tax_rate,
        {{ share('base_cents') }} as taxable_base_cents,
        {{ percentage_of('base_cents', 'tax_rate') }} as precise_amount_cents,
        {{ round_cents(percentage_of('base_cents', 'tax_rate')) }} as amount_cents,
        {{ percentage_of('used_base_cents', 'tax_rate') }} as used_tax_cents,
        {{ percentage_of('fee_base_cents', 'tax_rate') }} as fee_tax_cents
    from summed
)

select * from final
