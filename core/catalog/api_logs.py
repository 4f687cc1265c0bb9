"""Requests that asked for a change, as they came and as they were answered (lago_api §7.18). Wall clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.catalog.versions import METADATA, Instant, Page
from core.errors import NotFound

API_LOGS = sa.Table(
    "api_logs",
    METADATA,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("logged_at", Instant, nullable=False, index=True),
    sa.Column("api_key_id", sa.Text),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("http_method", sa.Text, nullable=False),
    sa.Column("http_status", sa.Integer, nullable=False),
    sa.Column("request_origin", sa.Text, nullable=False),
    sa.Column("request_path", sa.Text, nullable=False),
    sa.Column("request_body", sa.Text, nullable=False),
    sa.Column("request_response", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class ApiLog:
    """A request. `request_body` and `request_response` are the JSON texts; an empty or unreadable one is `{}`."""

    request_id: str
    logged_at: datetime
    api_key_id: str | None
    client: str
    http_method: str
    http_status: int
    request_origin: str
    request_path: str
    request_body: str
    request_response: str


@dataclass(frozen=True)
class ApiLogFilter:
    """Which requests; None means any. `statuses` are codes, or `succeeded` and `failed`; a path may be part of one."""

    since: datetime | None = None
    before: datetime | None = None
    methods: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    path: str | None = None


def record(connection: sa.Connection, log: ApiLog) -> None:
    """Write a request down. `connection` may write; the caller commits."""
    connection.execute(API_LOGS.insert(), [dataclasses.asdict(log)])


def page(
    connection: sa.Connection, wanted: ApiLogFilter, *, limit: int | None = None, offset: int = 0
) -> Page[ApiLog]:
    """Requests, newest first."""
    c = API_LOGS.c
    conditions = [
        *([c.logged_at >= wanted.since] if wanted.since else []),
        *([c.logged_at < wanted.before] if wanted.before else []),
        *([c.http_method.in_([method.lower() for method in wanted.methods])] if wanted.methods else []),
        *([sa.or_(*map(_is, wanted.statuses))] if wanted.statuses else []),
        *([c.request_path.contains(wanted.path, autoescape=True)] if wanted.path else []),
    ]
    total = connection.execute(sa.select(sa.func.count()).select_from(API_LOGS).where(*conditions)).scalar_one()
    query = sa.select(API_LOGS).where(*conditions).order_by(c.logged_at.desc(), c.request_id)
    return Page(_read(connection.execute(query.limit(limit).offset(offset)).all()), total)


def get(connection: sa.Connection, request_id: str) -> ApiLog:
    """The request with this id. Raises NotFound."""
    found = _read(connection.execute(sa.select(API_LOGS).where(API_LOGS.c.request_id == request_id)).all())
    if not found:
        raise NotFound("api_log", request_id)
    return found[0]


def _is(status: str) -> sa.ColumnElement[bool]:
    c = API_LOGS.c.http_status
    if status == "succeeded":
        return c < 400
    return c >= 400 if status == "failed" else c == (int(status) if status.isascii() and status.isdigit() else -1)


def _read(rows: Sequence[sa.Row[tuple[object, ...]]]) -> list[ApiLog]:
    return [ApiLog(**row._mapping) for row in rows]
