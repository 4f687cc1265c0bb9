"""How long what was logged is kept: requests, and what was sent to webhook endpoints. The audit log stays as long as the history that it names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog.api_logs import API_LOGS
from core.catalog.engine import writing
from core.catalog.webhooks import PENDING, WEBHOOK_PAYLOADS, WEBHOOKS

MOST_AT_ONCE = 5_000
"""Rows in one transaction: commands wait for it."""


def forget(engine: sa.Engine, before: datetime) -> int:
    """Drop what was logged before that instant (naive UTC, wall clock); returns how many rows.

    Of a webhook its body goes, and its attempts but the last. That it was told stays, so that no fact is told twice; one that still waits stays whole.
    """
    return sum(_drop(engine, table, is_old) for table, is_old in _old(before))


def _old(before: datetime) -> list[tuple[sa.Table, sa.ColumnElement[bool]]]:
    waits = sa.exists().where(WEBHOOKS.c.fact_id == WEBHOOK_PAYLOADS.c.id, WEBHOOKS.is_current, WEBHOOKS.c.status == PENDING)
    return [
        (API_LOGS, API_LOGS.c.logged_at < before),
        (WEBHOOKS.table, WEBHOOKS.c.valid_to < before),
        (WEBHOOK_PAYLOADS.table, (WEBHOOK_PAYLOADS.c.recorded_at < before) & ~waits),
    ]


def _drop(engine: sa.Engine, table: sa.Table, is_old: sa.ColumnElement[bool]) -> int:
    keys = list(table.primary_key.columns)
    dropped = 0
    while True:
        with writing(engine) as connection:
            some: list[Any] = list(connection.execute(sa.select(*keys).where(is_old).limit(MOST_AT_ONCE)).all())
            if not some:
                return dropped
            matches = sa.and_(*(key == sa.bindparam(f"old_{key.name}") for key in keys))
            connection.execute(table.delete().where(matches), [{f"old_{name}": value for name, value in row._mapping.items()} for row in some])
        dropped += len(some)
