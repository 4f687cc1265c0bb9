-- Fails if something that must hold for an issued credit note does not: its sums, its parts, its postings, what it credits of a fee and what is used of it.
select credit_note_id, check_name
from {{ ref('int_ledger__credit_note_checks') }}
where left_value is distinct from right_value
