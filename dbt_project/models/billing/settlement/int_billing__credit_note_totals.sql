with credit_note_items as (
    select * from {{ ref('int_billing__credit_note_items') }}
),

credit_note_taxes as (
    select * from {{ ref('int_billing__credit_note_taxes') }}
),

settlement_queue as (
    select * from {{ ref('int_billing__settlement_queue') }}
),

issued_invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

issued_credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

invoices as (
    select invoice_id, fees_amount_cents from issued_invoices
    union all
    select invoice_id, fees_amount_cents from settlement_queue where invoice_type <> 'credit_note'
),

taxed as (
    select
        credit_note_id, sum(precise_amount_cents) as tax_cents, sum(used_tax_cents) as used_tax_cents, sum(fee_tax_cents) as fee_tax_cents
    from credit_note_taxes
    group by credit_note_id
),

summed as (
    select
        credit_note_id, invoice_id,
        sum(precise_amount_cents) as items_cents,
        sum(precise_coupons_amount_cents) as coupons_cents,
        sum(used_base_cents) as used_base_cents,
        sum(fee_base_cents) as fee_base_cents
    from credit_note_items
    group by credit_note_id, invoice_id
),

earlier as (
    select
        invoice_id,
        sum(precise_items_amount_cents) as items_cents,
        sum(taxes_amount_cents - precise_taxes_amount_cents) as rounding_cents,
        count(case when status = 'finalized' then 1 end) as notes_count
    from issued_credit_notes
    group by invoice_id
),

-- The last note of an invoice, which leaves no fee uncredited, takes back what rounding the others' taxes gave (invoicing, section 10.3).
corrected as (
    select
        summed.*,
        coalesce(earlier.notes_count, 0) + 1 as sequential_id,
        coalesce(taxed.tax_cents, 0) as plain_tax_cents,
        {{ share('coalesce(taxed.tax_cents, 0)') }}
        - case when summed.items_cents + coalesce(earlier.items_cents, 0) = invoices.fees_amount_cents then coalesce(earlier.rounding_cents, 0) else 0 end as tax_cents,
        summed.used_base_cents + coalesce(taxed.used_tax_cents, 0) as used_cents,
        summed.fee_base_cents + coalesce(taxed.fee_tax_cents, 0) as fee_cents
    from summed
    inner join invoices on summed.invoice_id = invoices.invoice_id
    left join taxed on summed.credit_note_id = taxed.credit_note_id
    left join earlier on summed.invoice_id = earlier.invoice_id
),

-- A correction goes no further than the tax of the note.
aligned as (
    select
        credit_note_id, invoice_id, items_cents, coupons_cents, sequential_id, plain_tax_cents, used_cents, fee_cents,
        case when tax_cents > 0 then tax_cents else {{ share('0') }} end as tax_cents
    from corrected
),

final as (
    select
        credit_note_id, invoice_id,
        cast(sequential_id as bigint) as sequential_id,
        {{ share('items_cents') }} as precise_items_amount_cents,
        {{ share('coupons_cents') }} as precise_coupons_adjustment_amount_cents,
        {{ round_cents('coupons_cents') }} as coupons_adjustment_amount_cents,
        {{ round_cents('items_cents - coupons_cents') }} as sub_total_excluding_taxes_amount_cents,
        {{ share('tax_cents') }} as precise_taxes_amount_cents,
        {{ round_cents('tax_cents') }} as taxes_amount_cents,
        case when items_cents > coupons_cents then {{ unscaled(div_round(scaled(working('plain_tax_cents * 100'), 15), scaled(share('items_cents - coupons_cents'), 5) ~ ' * 100000'), 5) }} else {{ share('0') }} end as taxes_rate,
        {{ cents(round_cents('items_cents - coupons_cents') ~ ' + ' ~ round_cents('tax_cents')) }} as total_amount_cents,
        {{ round_cents('used_cents') }} as used_amount_cents,
        {{ working('fee_cents') }} as precise_fee_amount_cents
    from aligned
)

select * from final
