with issue_credit_notes as (
    select * from {{ ref('int_billing__issue_credit_notes') }}
),

issue_credit_note_voids as (
    select * from {{ ref('int_billing__issue_credit_note_voids') }}
),

refunded_top_ups as (
    select * from {{ ref('int_billing__requested_credits') }} where invoice_type = 'credit'
),

-- A credit note takes revenue back, or what was owed of a top-up; what it does not set off is owed to the customer. A void owes that no more.
final as (
    select
        issue_credit_notes.credit_note_id as document_id,
        case when refunded_top_ups.credit_note_id is null then 'revenue' else 'prepaid_credits' end as account,
        'items' as leg,
        {{ cents('issue_credit_notes.sub_total_excluding_taxes_amount_cents + issue_credit_notes.coupons_adjustment_amount_cents') }} as amount_cents
    from issue_credit_notes
    left join refunded_top_ups on issue_credit_notes.credit_note_id = refunded_top_ups.credit_note_id
    union all
    select credit_note_id, 'coupon_discounts', 'coupons', -coupons_adjustment_amount_cents
    from issue_credit_notes
    union all
    select credit_note_id, 'customer_credits', 'credit', -credit_amount_cents
    from issue_credit_notes
    union all
    select credit_note_id, 'refunds_payable', 'refund', -refund_amount_cents
    from issue_credit_notes
    union all
    select credit_note_void_id, 'customer_credits', 'void', amount_cents
    from issue_credit_note_voids
    union all
    select credit_note_void_id, 'voided_credits', 'void', -amount_cents
    from issue_credit_note_voids
)

select * from final
