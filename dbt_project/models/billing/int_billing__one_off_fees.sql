with one_off_invoices as (
    select * from {{ ref('stg_catalog__one_off_invoices') }}
),

one_off_fees as (
    select * from {{ ref('stg_catalog__one_off_fees') }}
),

add_ons as (
    select * from {{ ref('stg_catalog__add_ons') }}
),

currencies as (
    select * from {{ ref('int_billing__currencies') }}
),

final as (
    select
        one_off_fees.one_off_fee_id as fee_id,
        {{ deterministic_id(["'one_off'", 'one_off_invoices.one_off_invoice_id']) }} as invoice_id,
        one_off_invoices.customer_id,
        one_off_fees.add_on_id,
        add_ons.code as item_code,
        coalesce(one_off_fees.invoice_display_name, add_ons.invoice_display_name, add_ons.name) as item_name,
        one_off_fees.description,
        one_off_fees.position as item_position,
        one_off_invoices.valid_from as horizon_at,
        one_off_invoices.currency,
        one_off_fees.units,
        {{ working('cast(one_off_fees.unit_amount_cents as decimal(38, 0)) * currencies.minor_unit_amount') }} as unit_amount,
        {{ times('one_off_fees.units', 'cast(one_off_fees.unit_amount_cents as decimal(38, 0)) * currencies.minor_unit_amount') }} as amount
    from one_off_fees
    inner join one_off_invoices on one_off_fees.one_off_invoice_id = one_off_invoices.one_off_invoice_id
    inner join add_ons on one_off_fees.add_on_id = add_ons.add_on_id and {{ known_at('add_ons', 'one_off_invoices.valid_from') }}
    inner join currencies on one_off_invoices.currency = currencies.currency
)

select * from final
