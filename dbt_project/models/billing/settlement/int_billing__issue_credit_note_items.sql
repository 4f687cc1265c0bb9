with credit_note_items as (
    select * from {{ ref('int_billing__credit_note_items') }}
),

issue_credit_notes as (
    select * from {{ ref('int_billing__issue_credit_notes') }} where status = 'finalized'
),

final as (
    select
        credit_note_items.credit_note_item_id, credit_note_items.credit_note_id, credit_note_items.invoice_id, credit_note_items.fee_id, credit_note_items.currency,
        credit_note_items.precise_amount_cents, credit_note_items.amount_cents, credit_note_items.precise_coupons_amount_cents
    from credit_note_items
    inner join issue_credit_notes on credit_note_items.credit_note_id = issue_credit_notes.credit_note_id
    where credit_note_items.precise_amount_cents > 0
)

select * from final
