with progressive_bills as (
    select * from {{ ref('int_billing__progressive_bills') }}
),

progressive_fees as (
    select * from {{ ref('int_billing__progressive_fees') }}
),

issued_fees as (
    select * from {{ ref('stg_books__progressive_fees') }}
),

credit_note_items as (
    select * from {{ ref('stg_books__credit_note_items') }}
),

noted as (
    select fee_id, sum(precise_amount_cents - precise_coupons_amount_cents) as noted_cents
    from credit_note_items
    group by fee_id
),

-- What coupons took off the earlier fee was not paid, and what a note gave back is not paid any more (invoicing, section 8).
paid as (
    select
        progressive_bills.invoice_id, progressive_bills.credited_invoice_id, progressive_bills.subscription_id,
        earlier.fee_id as credited_fee_id, earlier.original_charge_id, earlier.original_charge_filter_id, earlier.group_key,
        {{ share('earlier.amount_cents - coalesce(issued_fees.precise_coupons_amount_cents, 0) - coalesce(noted.noted_cents, 0)') }} as paid_cents
    from progressive_bills
    inner join progressive_fees as earlier on progressive_bills.credited_invoice_id = earlier.invoice_id
    left join issued_fees on earlier.fee_id = issued_fees.fee_id
    left join noted on earlier.fee_id = noted.fee_id
),

placed as (
    select
        *,
        {{ round_cents('sum(paid_cents) over (partition by invoice_id, credited_invoice_id)') }}
        - sum(floor(paid_cents)) over (partition by invoice_id, credited_invoice_id) as cents_left,
        row_number() over (partition by invoice_id, credited_invoice_id order by paid_cents - floor(paid_cents) desc, credited_fee_id) as place
    from paid
),

-- Minor units of the fees that sum to what the invoice was paid with: those with the largest remainders go up (law 5; invoicing, section 8).
credited as (
    select
        invoice_id, credited_invoice_id, subscription_id, credited_fee_id, original_charge_id, original_charge_filter_id, group_key,
        {{ cents('floor(paid_cents) + case when place <= cents_left then 1 else 0 end') }} as credited_cents
    from placed
),

-- The same charge, filter and group is the same fee, on every bill of the period, also where the charge got terms of its own in between.
matched as (
    select
        credited.*,
        again.fee_id,
        coalesce(again.amount_cents, 0) as fee_cents
    from credited
    left join progressive_fees as again
        on credited.invoice_id = again.invoice_id
        and credited.subscription_id = again.subscription_id
        and credited.original_charge_id = again.original_charge_id
        and coalesce(credited.original_charge_filter_id, '') = coalesce(again.original_charge_filter_id, '')
        and coalesce(credited.group_key, '') = coalesce(again.group_key, '')
),

limited as (
    select
        *,
        case when credited_cents < fee_cents then credited_cents else fee_cents end as credit_cents
    from matched
),

-- What was billed and is owed no more, since usage or its price fell, goes back by a credit note on the earlier invoice.
final as (
    select
        credited_fee_id, credited_invoice_id, invoice_id, fee_id, subscription_id,
        {{ cents('credit_cents') }} as progressive_billing_credit_amount_cents,
        {{ cents('credited_cents - credit_cents') }} as credit_note_amount_cents
    from limited
)

select * from final
