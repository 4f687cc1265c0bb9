with credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

credit_note_items as (
    select * from {{ ref('stg_books__credit_note_items') }}
),

credit_note_uses as (
    select * from {{ ref('stg_books__credit_note_uses') }}
),

fees as (
    select * from {{ ref('stg_books__fees') }}
),

postings as (
    select * from {{ ref('stg_books__postings') }}
),

credit_note_voids as (
    select * from {{ ref('stg_books__credit_note_voids') }}
),

items as (select credit_note_id, sum(precise_amount_cents) as items_cents from credit_note_items group by credit_note_id),

-- How far the notes of a fee go beyond it, told with each of them.
overdrawn as (
    select
        credit_note_items.credit_note_id,
        sum(credit_note_items.precise_amount_cents) over (partition by credit_note_items.fee_id) - coalesce(fees.amount_cents, 0) as beyond_cents
    from credit_note_items
    left join fees on credit_note_items.fee_id = fees.fee_id
),

beyond as (
    select credit_note_id, max(case when beyond_cents > 0 then beyond_cents else 0 end) as beyond_cents
    from overdrawn
    group by credit_note_id
),

uses as (
    select credit_note_id, sum(amount_cents) as used_cents
    from (select credit_note_id, amount_cents from credit_note_uses union all select credit_note_id, amount_cents from credit_note_voids) as taken
    group by credit_note_id
),

posted as (
    select
        transaction_id,
        sum(amount_cents) as balance_cents,
        sum(case when account = 'customer_credits' then -amount_cents else 0 end) as credited_cents
    from postings
    group by transaction_id
),

joined as (
    select
        credit_notes.*,
        coalesce(items.items_cents, 0) as items_cents,
        coalesce(beyond.beyond_cents, 0) as beyond_cents,
        coalesce(uses.used_cents, 0) as used_cents,
        coalesce(posted.balance_cents, 0) as balance_cents,
        coalesce(posted.credited_cents, 0) as credited_cents
    from credit_notes
    left join items on credit_notes.credit_note_id = items.credit_note_id
    left join beyond on credit_notes.credit_note_id = beyond.credit_note_id
    left join uses on credit_notes.credit_note_id = uses.credit_note_id
    left join posted on credit_notes.credit_note_id = posted.transaction_id
),

checks as (
    select credit_note_id, 'credit note items = their sum' as check_name, items_cents as left_value, precise_items_amount_cents as right_value from joined
    union all
    select credit_note_id, 'credited of a fee <= the fee', beyond_cents, 0 from joined
    union all
    select credit_note_id, 'credit note sub total + taxes = total', sub_total_excluding_taxes_amount_cents + taxes_amount_cents, total_amount_cents from joined
    union all
    select credit_note_id, 'credit + refund + offset = total', credit_amount_cents + refund_amount_cents + offset_amount_cents, total_amount_cents from joined
    union all
    select credit_note_id, 'credit note uses and void <= credit', case when used_cents > credit_amount_cents then used_cents - credit_amount_cents else 0 end, 0 from joined
    union all
    select credit_note_id, 'postings of credit notes sum to zero', balance_cents, 0 from joined
    union all
    select credit_note_id, 'credits posted = credits of credit notes', credited_cents, credit_amount_cents from joined
),

final as (
    select
        credit_note_id,
        check_name,
        {{ share('left_value') }} as left_value,
        {{ share('right_value') }} as right_value
    from checks
)

select * from final
