"""The audit log: who changed what, when and from where (lago_api §7.18).

A row is written in the transaction of the change, one for each object that a unit of work touched. It names the versions before
and after, which the object's own table keeps, so nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.catalog.versions import METADATA, Instant
from core.ids import deterministic_id

if TYPE_CHECKING:  # the unit of work itself writes the log
    from core.catalog.unit_of_work import UnitOfWork

ACTIVITIES = sa.Table(
    "activities",
    METADATA,
    sa.Column("activity_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False, index=True),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("resource_table", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Text, nullable=False, index=True),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("before_sequence", sa.BigInteger),
    sa.Column("after_sequence", sa.BigInteger),
    sa.Column("customer_id", sa.Text, index=True),
    sa.Column("external_subscription_id", sa.Text),
)
"""Append-only. `sequence` orders the units of work; the rows of one share it."""
OF_THE_SYSTEM = ("invoice_emails", "schedule_ticks", "webhook_payloads", "webhooks", "webhooks_told")
"""Tables that nobody's command changes: what was sent and what fell due."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who gives commands: `source` is api, front (the console) or system; `name` is that of the key, where there is one."""

    source: str
    name: str | None = None
    request_id: str | None = None


SYSTEM = Author("system")
Touched = Mapping[tuple[str, str], tuple[Any, Any]]
"""(table, id of an object) -> its version before a unit of work and the one after it; None where there was or is none."""


def record(uow: UnitOfWork, touched: Touched, author: Author, sequence: int, recorded_at: datetime) -> None:
    """Write down what a unit of work touched. What it made and ended again leaves no row."""
    rows = [
        {
            "activity_id": deterministic_id("activity", table, object_id, str(sequence)),
            "sequence": sequence,
            "recorded_at": recorded_at,
            "source": author.source,
            "author": author.name,
            "request_id": author.request_id,
            "resource_table": table,
            "resource_id": object_id,
            "verb": _verb(before, after),
            "before_sequence": before.sequence if before else None,
            "after_sequence": after.sequence if after else None,
            "customer_id": object_id if table == "customers" else getattr(after or before, "customer_id", None),
            "external_subscription_id": _external_subscription_id(table, after or before),
        }
        for (table, object_id), (before, after) in touched.items()
        if table not in OF_THE_SYSTEM and (before or after)
    ]
    if rows:
        uow.connection.execute(ACTIVITIES.insert(), rows)


def _verb(before: Any, after: Any) -> str:
    if before is None:
        return "created"
    is_gone = after is None or (getattr(after, "deleted_at", None) is not None and before.deleted_at is None)
    return "deleted" if is_gone else "updated"


def _external_subscription_id(table: str, version: Any) -> str | None:
    name = "external_id" if table == "subscriptions" else "external_subscription_id"
    found: str | None = getattr(version, name, None)
    return found
