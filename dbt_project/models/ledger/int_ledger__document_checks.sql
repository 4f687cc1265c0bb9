with invoice_checks as (
    select * from {{ ref('int_ledger__invoice_checks') }}
),

standalone_fee_checks as (
    select * from {{ ref('int_ledger__standalone_fee_checks') }}
),

credit_note_checks as (
    select * from {{ ref('int_ledger__credit_note_checks') }}
),

final as (
    select invoice_id as document_id, check_name, {{ share('left_value') }} as left_value, {{ share('right_value') }} as right_value from invoice_checks
    union all
    select fee_id, check_name, {{ share('left_value') }}, {{ share('right_value') }} from standalone_fee_checks
    union all
    select credit_note_id, check_name, left_value, right_value from credit_note_checks
)

select * from final
