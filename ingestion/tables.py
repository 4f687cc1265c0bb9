"""Landing rows as Arrow tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

from ingestion.event import UsageEvent
from ingestion.landing import EVENT_SCHEMA, REJECTION_SCHEMA


class RejectedRow(NamedTuple):
    """A refused row of a file, or the whole file when `number` is None."""

    number: int | None
    reason: str
    field: str | None
    message: str
    content: str


def event_table(
    events: Sequence[UsageEvent],
    received: Sequence[int],
    sequences: Sequence[int],
    sources: Sequence[str],
    source_rows: Sequence[int | None],
) -> pa.Table:
    """The rows of landing/events; `received` in microseconds. An event without a timestamp happened when received."""
    columns: list[Sequence[object]] = [
        [event.external_subscription_id for event in events],
        [event.transaction_id for event in events],
        [event.code for event in events],
        [at if event.timestamp is None else event.timestamp for event, at in zip(events, received, strict=True)],
        [event.properties for event in events],
        [event.precise_total_amount_cents for event in events],
        received,
        sequences,
        sources,
        source_rows,
    ]
    return _table(columns, EVENT_SCHEMA)


def rejection_table(rejected: Sequence[RejectedRow], source: str, received_at: datetime) -> pa.Table:
    """The rows of landing/rejections."""
    columns: list[Sequence[object]] = [
        [source] * len(rejected),
        [row.number for row in rejected],
        [row.reason for row in rejected],
        [row.field for row in rejected],
        [row.message for row in rejected],
        [row.content for row in rejected],
        [received_at] * len(rejected),
    ]
    return _table(columns, REJECTION_SCHEMA)


def _table(columns: Sequence[Sequence[object]], schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
