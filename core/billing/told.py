"""What the catalog knows of payments since a run, as the tables that the readers of invoices take (`core.warehouse.marts.TOLD`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.catalog import customers, invoice_disputes, payments
from core.catalog.engine import Engine, reading

_INSTANT = pa.timestamp("us")


def told(engine: Engine, since: datetime, now: datetime) -> Mapping[str, pa.Table]:
    """What is known of payments since a run of that `as_of`, and the clocks by which an invoice is overdue (all naive UTC)."""
    with reading(engine) as connection:
        paid = payments.paid_since(connection, since)
        lost = invoice_disputes.lost_since(connection, since)
        readings = customers.on_test_clocks(connection)
    return {
        "told_payments": _columns(("invoice_id", pa.string(), paid), ("paid_amount_cents", pa.int64(), paid.values())),
        "told_disputes": _columns(("invoice_id", pa.string(), lost), ("lost_at", _INSTANT, lost.values())),
        "told_clocks": _columns(("customer_id", pa.string(), readings), ("as_of", _INSTANT, readings.values())),
        "told_now": _columns(("as_of", _INSTANT, [now])),
    }


def _columns(*columns: tuple[str, pa.DataType, Iterable[Any]]) -> pa.Table:
    return pa.table({name: pa.array(list(values), kind) for name, kind, values in columns})
