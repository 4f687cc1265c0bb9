with standalone_fees as (
    select * from {{ ref('stg_books__standalone_fees') }}
),

fees as (
    select * from {{ ref('stg_books__fees') }} where invoice_id is null
),

unplaced_postings as (
    select * from {{ ref('stg_books__postings') }} where invoice_id is null
),

credit_notes as (
    select * from {{ ref('stg_books__credit_notes') }}
),

-- Those of credit notes stand on no invoice either.
postings as (
    select unplaced_postings.transaction_id, unplaced_postings.account, unplaced_postings.amount_cents
    from unplaced_postings
    left join credit_notes on unplaced_postings.transaction_id = credit_notes.credit_note_id
    where credit_notes.credit_note_id is null
),

-- From the lines, so that a line without its fee is found too.
documents as (
    select fee_id from fees
    union
    select fee_id from standalone_fees
    union
    select transaction_id from postings
),

lines as (
    select fee_id, sum(amount_cents) as amount_cents from fees group by fee_id
),

posted as (
    select
        transaction_id,
        sum(amount_cents) as balance_cents,
        sum(case when account = 'receivables' then amount_cents else 0 end) as receivables_cents
    from postings
    group by transaction_id
),

joined as (
    select
        documents.fee_id,
        coalesce(standalone_fees.amount_cents, 0) as amount_cents,
        coalesce(standalone_fees.taxes_amount_cents, 0) as taxes_cents,
        coalesce(standalone_fees.total_amount_cents, 0) as total_cents,
        coalesce(lines.amount_cents, 0) as line_cents,
        coalesce(posted.balance_cents, 0) as balance_cents,
        coalesce(posted.receivables_cents, 0) as receivables_cents
    from documents
    left join standalone_fees on documents.fee_id = standalone_fees.fee_id
    left join lines on documents.fee_id = lines.fee_id
    left join posted on documents.fee_id = posted.transaction_id
),

checks as (
    select fee_id, 'standalone fees = their lines' as check_name, amount_cents as left_value, line_cents as right_value from joined
    union all
    select fee_id, 'standalone fees + taxes = totals', amount_cents + taxes_cents, total_cents from joined
    union all
    select fee_id, 'postings of standalone fees sum to zero', balance_cents, 0 from joined
    union all
    select fee_id, 'receivables posted = totals of standalone fees', receivables_cents, total_cents from joined
),

final as (
    select
        fee_id,
        check_name,
        {{ cents('left_value') }} as left_value,
        {{ cents('right_value') }} as right_value
    from checks
)

select * from final
