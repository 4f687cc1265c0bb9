"""What the published warehouse tells webhooks of (lago_api §10): drafts, thresholds of alerts that were crossed, and invoices past their due date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from core.errors import NotFound
from core.warehouse.marts import invoices, query_rows

_CROSSINGS = "warehouse.billing.int_billing__alert_crossings"


def published_facts(cursor: duckdb.DuckDBPyConnection, since: datetime) -> list[tuple[str, str]]:
    """(type, id of the object) of what came after that instant (naive UTC) and the last run shows: drafts by their invoice,
    alerts by the look that crossed thresholds. Oldest first.
    """
    queries = (
        "select 'invoice.drafted' as webhook_type, invoice_id as object_id, ready_at as happened_at from warehouse.marts.fct_invoices "
        "where status = 'draft' and ready_at > ?",
        f"select distinct 'alert.triggered' as webhook_type, alert_check_id as object_id, checked_at as happened_at from {_CROSSINGS} where checked_at > ?",
    )
    rows = [row for query in queries for row in _rows(cursor, query, [since])]
    rows.sort(key=lambda row: (row["happened_at"], row["object_id"]))
    return [(row["webhook_type"], row["object_id"]) for row in rows]


def overdue_facts(cursor: duckdb.DuckDBPyConnection, after: datetime, upto: datetime) -> list[str]:
    """Ids of the invoices that became overdue after one instant and up to another: their due day ended where they were issued to."""
    ended = "timezone('UTC', timezone(timezone, cast(payment_due_date + interval 1 day as timestamp)))"
    query = f"{invoices(cursor)} select invoice_id from invoices where payment_overdue and {ended} > ? and {ended} <= ? order by payment_due_date, invoice_id"
    return [row["invoice_id"] for row in query_rows(cursor, query, [after, upto])]


def alert_crossings(cursor: duckdb.DuckDBPyConnection, alert_check_id: str) -> list[dict[str, Any]]:
    """The thresholds that one look at an alert crossed, lowest first. Raises NotFound when the last run does not show it any more."""
    rows = _rows(
        cursor, f"select * from {_CROSSINGS} where alert_check_id = ? order by threshold_value", [alert_check_id]
    )
    if not rows:
        raise NotFound("triggered_alert", alert_check_id)
    return rows


def _rows(cursor: duckdb.DuckDBPyConnection, query: str, arguments: list[Any]) -> list[dict[str, Any]]:
    """None before the first run, which makes the models that are no marts."""
    try:
        return query_rows(cursor, query, arguments)
    except duckdb.CatalogException:
        return []
