with credit_note_taxes as (
    select * from {{ ref('int_billing__credit_note_taxes') }}
),

issue_credit_notes as (
    select * from {{ ref('int_billing__issue_credit_notes') }} where status = 'finalized'
),

final as (
    select
        credit_note_taxes.credit_note_id, credit_note_taxes.tax_id, credit_note_taxes.tax_code, credit_note_taxes.tax_name, credit_note_taxes.tax_rate,
        credit_note_taxes.taxable_base_cents, credit_note_taxes.amount_cents
    from credit_note_taxes
    inner join issue_credit_notes on credit_note_taxes.credit_note_id = issue_credit_notes.credit_note_id
)

select * from final
