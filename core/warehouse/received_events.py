"""Events that were received, those of the published warehouse and those of the tail, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from core.warehouse.marts import Rows, query_rows

TAIL = "received_tail"
_COLUMNS = "external_subscription_id, transaction_id, code, timestamp, properties, precise_total_amount_cents, received_at"


@dataclass(frozen=True)
class EventFilter:
    """Which events are asked for; None for any. Instants are naive UTC, and both of them count."""

    external_subscription_id: str | None = None
    code: str | None = None
    timestamp_from: datetime | None = None
    timestamp_to: datetime | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """Condition -> its argument."""
        stated = {
            "external_subscription_id = ?": self.external_subscription_id,
            "code = ?": self.code,
            "timestamp >= ?": self.timestamp_from,
            "timestamp <= ?": self.timestamp_to,
        }
        return {condition: value for condition, value in stated.items() if value is not None}


def list_events(
    cursor: duckdb.DuckDBPyConnection, loaded: str | None, tail: Sequence[pa.Table], wanted: EventFilter, *, limit: int, offset: int
) -> tuple[Rows, int]:
    """(landing rows, latest first, how many in all). `loaded` is the relation of the events that the run loaded, None before the first.

    Of a repeated transaction id the first received counts, as in the bill (law 4).
    """
    cursor.register(TAIL, pa.concat_tables(tail))
    where = "where " + " and ".join(wanted.conditions) if wanted.conditions else ""
    first = "qualify row_number() over (partition by external_subscription_id, transaction_id order by received_at, received_sequence) = 1"
    known = f"anti join {loaded} as loaded using (external_subscription_id, transaction_id)" if loaded else ""
    before = f"select {_COLUMNS} from {loaded} {where} union all" if loaded else ""
    query = f"""{before} select {_COLUMNS} from (
            select * from (select * from {TAIL} {first}) as fresh {known}
        ) {where}"""
    arguments = list(wanted.conditions.values()) * (2 if loaded else 1)
    counted = cursor.execute(f"select count(*) from ({query})", arguments).fetchone()
    rows = query_rows(cursor, f"{query} order by timestamp desc, transaction_id limit {limit} offset {offset}", arguments)
    return rows, int(counted[0]) if counted else 0
