with issue_invoice_voids as (
    select * from {{ ref('int_billing__issue_invoice_voids') }}
),

issue_wallet_returns as (
    select * from {{ ref('int_billing__issue_wallet_returns') }}
),

requested_invoice_voids as (
    select * from {{ ref('int_billing__requested_invoice_voids') }}
),

returned as (
    select invoice_void_id, sum(amount_cents) as returned_cents
    from issue_wallet_returns
    group by invoice_void_id
),

joined as (
    select
        issue_invoice_voids.*,
        requested_invoice_voids.invoice_type,
        coalesce(returned.returned_cents, 0) as returned_cents
    from issue_invoice_voids
    inner join requested_invoice_voids on issue_invoice_voids.invoice_void_id = requested_invoice_voids.invoice_void_id
    left join returned on issue_invoice_voids.invoice_void_id = returned.invoice_void_id
),

-- What the invoice was paid with and does not come back (payments, credit notes, ended wallets) is left over, and what notes gave back of what nobody paid is lost.
final as (
    select
        invoice_void_id as document_id,
        case when invoice_type = 'credit' then 'prepaid_credits' else 'revenue' end as account,
        'items' as leg,
        {{ cents('sub_total_excluding_taxes_amount_cents + coupons_amount_cents') }} as amount_cents
    from joined
    union all
    select invoice_void_id, 'coupon_discounts', 'coupons', {{ cents('-coupons_amount_cents') }}
    from joined
    union all
    select invoice_void_id, 'promotional_credits', 'wallets', {{ cents('-returned_cents') }}
    from joined
    union all
    select invoice_void_id, 'voided_invoices', 'void', {{ cents('due_amount_cents + returned_cents - sub_total_excluding_taxes_amount_cents - taxes_amount_cents') }}
    from joined
)

select * from final
