with invoices as (
    select * from {{ ref('stg_books__invoices') }}
),

fees as (
    select * from {{ ref('stg_books__fees') }}
),

coupon_uses as (
    select * from {{ ref('stg_books__coupon_uses') }}
),

wallet_uses as (
    select * from {{ ref('stg_books__wallet_uses') }}
),

credit_note_uses as (
    select * from {{ ref('stg_books__credit_note_uses') }}
),

postings as (
    select * from {{ ref('stg_books__postings') }}
),

invoice_lines as (
    select invoice_id, sum(amount_cents) as amount_cents, sum(progressive_billing_credit_amount_cents) as credit_cents from fees group by invoice_id
),

coupons as (
    select invoice_id, sum(amount_cents) as amount_cents from coupon_uses group by invoice_id
),

credits as (
    select invoice_id, sum(amount_cents) as amount_cents from wallet_uses group by invoice_id
),

notes as (
    select invoice_id, sum(amount_cents) as amount_cents from credit_note_uses group by invoice_id
),

posted as (
    select
        invoice_id,
        sum(amount_cents) as balance_cents,
        sum(case when account = 'receivables' then amount_cents else 0 end) as receivables_cents
    from postings
    group by invoice_id
),

joined as (
    select
        invoices.*,
        coalesce(invoice_lines.amount_cents, 0) as lines_cents,
        coalesce(invoice_lines.credit_cents, 0) as line_credits_cents,
        coalesce(coupons.amount_cents, 0) as coupon_uses_cents,
        coalesce(credits.amount_cents, 0) as wallet_uses_cents,
        coalesce(notes.amount_cents, 0) as note_uses_cents,
        coalesce(posted.balance_cents, 0) as balance_cents,
        coalesce(posted.receivables_cents, 0) as receivables_cents
    from invoices
    left join invoice_lines on invoices.invoice_id = invoice_lines.invoice_id
    left join coupons on invoices.invoice_id = coupons.invoice_id
    left join credits on invoices.invoice_id = credits.invoice_id
    left join notes on invoices.invoice_id = notes.invoice_id
    left join posted on invoices.invoice_id = posted.invoice_id
),

checks as (
    select invoice_id, 'invoice fees = sum of lines' as check_name, fees_amount_cents as left_value, lines_cents as right_value from joined
    union all
    select invoice_id, 'invoice progressive credits = credits of lines', progressive_billing_credit_amount_cents, line_credits_cents from joined
    union all
    select invoice_id, 'invoice coupons = coupon uses', coupons_amount_cents, coupon_uses_cents from joined
    union all
    select invoice_id, 'fees - progressive credits - coupons = sub total', fees_amount_cents - progressive_billing_credit_amount_cents - coupons_amount_cents, sub_total_excluding_taxes_amount_cents from joined
    union all
    select invoice_id, 'sub total + taxes = sub total with taxes', sub_total_excluding_taxes_amount_cents + taxes_amount_cents, sub_total_including_taxes_amount_cents from joined
    union all
    select invoice_id, 'sub total with taxes - credits = total', sub_total_including_taxes_amount_cents - credit_notes_amount_cents - prepaid_credit_amount_cents, total_amount_cents from joined
    union all
    select invoice_id, 'invoice credits = wallet uses', prepaid_credit_amount_cents, wallet_uses_cents from joined
    union all
    select invoice_id, 'invoice credit notes = credit note uses', credit_notes_amount_cents, note_uses_cents from joined
    union all
    select invoice_id, 'postings sum to zero', balance_cents, 0 from joined
    union all
    select invoice_id, 'receivables posted = invoice totals', receivables_cents, total_amount_cents from joined
),

final as (
    select
        invoice_id,
        check_name,
        {{ cents('left_value') }} as left_value,
        {{ cents('right_value') }} as right_value
    from checks
)

select * from final
