"""Reading the audit log (see `activities`): what was done, with the object before and after."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.catalog.activities import ACTIVITIES
from core.catalog.tables import ALL
from core.catalog.versions import Page
from core.errors import NotFound

TABLES = {versions.table.name: versions for versions in ALL}
SECRET = {"key_hash", "private_key", "hmac_key"}
OF_VERSION = {"sequence", "valid_from", "valid_to", "recorded_at"}


@dataclass(frozen=True)
class ActivityFilter:
    """Which activities; None means any. Instants are wall clock, `before` is excluded."""

    since: datetime | None = None
    before: datetime | None = None
    types: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    authors: tuple[str, ...] | None = None
    customer_id: str | None = None
    external_subscription_id: str | None = None
    resource_ids: tuple[str, ...] | None = None
    resource_types: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Activity:
    """One change. `before` and `after` are the object's fields, None where there was or is none."""

    activity_id: str
    recorded_at: datetime
    source: str
    author: str | None
    request_id: str | None
    activity_type: str
    resource_type: str
    resource_id: str
    customer_id: str | None
    external_subscription_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def changes(self) -> dict[str, list[Any]]:
        """Field -> [before, after], of those that differ."""
        before, after = self.before or {}, self.after or {}
        return {
            name: [before.get(name), after.get(name)]
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        }


def page(
    connection: sa.Connection, wanted: ActivityFilter, *, limit: int | None = None, offset: int = 0
) -> Page[Activity]:
    """Activities, newest first."""
    c = ACTIVITIES.c
    conditions = [
        *([c.recorded_at >= wanted.since] if wanted.since else []),
        *([c.recorded_at < wanted.before] if wanted.before else []),
        *([c.customer_id == wanted.customer_id] if wanted.customer_id is not None else []),
        *([c.external_subscription_id == wanted.external_subscription_id] if wanted.external_subscription_id else []),
        *([c.source.in_(wanted.sources)] if wanted.sources else []),
        *([c.author.in_(wanted.authors)] if wanted.authors else []),
        *([c.resource_id.in_(wanted.resource_ids)] if wanted.resource_ids else []),
        *([c.resource_table.in_(_tables_of(wanted.resource_types))] if wanted.resource_types else []),
        *([sa.tuple_(c.resource_table, c.verb).in_(_kinds_of(wanted.types))] if wanted.types else []),
    ]
    total = connection.execute(sa.select(sa.func.count()).select_from(ACTIVITIES).where(*conditions)).scalar_one()
    query = sa.select(ACTIVITIES).where(*conditions).order_by(c.sequence.desc(), c.activity_id)
    rows = connection.execute(query.limit(limit).offset(offset)).all()
    return Page(_described(connection, rows), total)


def get(connection: sa.Connection, activity_id: str) -> Activity:
    """The activity with this id. Raises NotFound."""
    rows = connection.execute(sa.select(ACTIVITIES).where(ACTIVITIES.c.activity_id == activity_id)).all()
    if not rows:
        raise NotFound("activity_log", activity_id)
    return _described(connection, rows)[0]


def resource_type(table: str) -> str:
    """What a row of the table is, in Lago's spelling: `billable_metrics` holds BillableMetric."""
    return "".join(word.capitalize() for word in singular(table).split("_"))


def _described(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Activity]:
    return [
        Activity(
            activity_id=row.activity_id,
            recorded_at=row.recorded_at,
            source=row.source,
            author=row.author,
            request_id=row.request_id,
            activity_type=f"{singular(row.resource_table)}.{row.verb}",
            resource_type=resource_type(row.resource_table),
            resource_id=row.resource_id,
            customer_id=row.customer_id,
            external_subscription_id=row.external_subscription_id,
            before=_fields(connection, row.resource_table, row.resource_id, row.before_sequence),
            after=_fields(connection, row.resource_table, row.resource_id, row.after_sequence),
        )
        for row in rows
    ]


def _fields(connection: sa.Connection, table: str, object_id: str, sequence: int | None) -> dict[str, Any] | None:
    if sequence is None or table not in TABLES:
        return None
    (version,) = (row for row in TABLES[table].history(connection, object_id) if row.sequence == sequence)
    return {
        field.name: getattr(version, field.name)
        for field in dataclasses.fields(version)
        if field.name not in SECRET | OF_VERSION
    }


def singular(table: str) -> str:
    """The name of one thing of a table or an address: `taxes` holds a tax."""
    for ending, of_one in (("taxes", "tax"), ("statuses", "status"), ("ies", "y"), ("s", "")):
        if table.endswith(ending):
            return table.removesuffix(ending) + of_one
    return table


def _tables_of(resource_types: Iterable[str]) -> list[str]:
    return [table for table in TABLES if resource_type(table) in set(resource_types)]


def _kinds_of(types: Iterable[str]) -> list[tuple[str, str]]:
    tables = {singular(table): table for table in TABLES}
    named = (activity_type.rpartition(".") for activity_type in types)
    return [(tables.get(name, ""), verb) for name, _, verb in named]
