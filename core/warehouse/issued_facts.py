"""What the books tell webhooks of (lago_api §10): what was appended between two of their snapshots."""

from __future__ import annotations

import duckdb

from core.ids import deterministic_id

# A row knows the snapshot that brought it. Nobody hears of an invoice or note that is closed: there was nothing in it.
_FACTS = {
    "wallet_top_ups": "select 'wallet_transaction.created' as webhook_type, wallet_transaction_id as object_id, null as other_id, topped_up_at as happened_at, 1 as place",
    "invoices": """select
        case invoice_type when 'one_off' then 'invoice.one_off_created' when 'credit' then 'invoice.paid_credit_added' else 'invoice.created' end,
        invoice_id, null, issued_at, 2""",
    "fees": "select 'fee.created', fee_id, null, issued_at, 3",
    "wallet_uses": "select distinct 'wallet_transaction.created', invoice_id, wallet_id, issued_at, 4",
    "credit_notes": "select 'credit_note.created', credit_note_id, null, issued_at, 5",
    "invoice_voids": "select 'invoice.voided', invoice_id, null, issued_at, 6",
    "payment_requests": "select 'payment_request.created', payment_request_id, null, requested_at, 7",
}
_ONLY = {
    "invoices": "and status = 'finalized'",
    "credit_notes": "and status = 'finalized'",
    "fees": "and event_transaction_id is not null",
}


def issued_facts(cursor: duckdb.DuckDBPyConnection, after: int, upto: int) -> list[tuple[str, str]]:
    """(type, id of the object) of what snapshots after one and up to another brought, in the order in which it happened."""
    # Books published before a table was added do not have it.
    here = {
        row[0]
        for row in cursor.execute(
            "select table_name from duckdb_tables() where database_name = 'books' and schema_name = 'main'"
        ).fetchall()
    }
    parts = [
        f"{select} from books.main.{table} where snapshot_id > $after and snapshot_id <= $upto {_ONLY.get(table, '')}"
        for table, select in _FACTS.items()
        if table in here
    ]
    query = f"with facts as ({' union all '.join(parts)}) select webhook_type, object_id, other_id from facts order by happened_at, place, object_id"
    return [
        # What a wallet pays of an invoice is one movement of credits (`int_ledger__wallet_outflows`).
        (webhook_type, object_id if wallet_id is None else deterministic_id("wallet_invoiced", object_id, wallet_id))
        for webhook_type, object_id, wallet_id in cursor.execute(query, {"after": after, "upto": upto}).fetchall()
    ]
