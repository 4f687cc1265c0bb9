"""The outbox: what webhook endpoints are to hear of, and what became of each webhook (lago_api §10).

A row is written in the transaction of the change that it tells of, one per endpoint that asked for its type; its object is
described once, for all endpoints and attempts. Everything here is on the wall clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.catalog import webhook_endpoints
from core.catalog.versions import Page, Version, Versions
from core.catalog.webhook_endpoints import WEBHOOK_ENDPOINTS, WebhookEndpoint
from core.domain.webhooks import MOST_ATTEMPTS, wait_after, wants
from core.errors import NotFound
from core.ids import deterministic_id

if TYPE_CHECKING:  # the unit of work itself writes the outbox
    from core.catalog.unit_of_work import UnitOfWork

PENDING, SUCCEEDED, FAILED = "pending", "succeeded", "failed"
MOST_OF_A_RESPONSE = 1000
_TOLD_ID = deterministic_id("webhooks_told")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened: its type, the object it happened to, and what tells it from another time that it did."""

    webhook_type: str
    object_id: str
    occasion: str

    @property
    def id(self) -> str:
        """The same for the same fact, whoever finds it."""
        return deterministic_id("webhook_fact", self.webhook_type, self.object_id, self.occasion)


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook(Version):
    """One fact for one endpoint; each attempt is a version. `attempts` counts since it was recorded or sent again.

    `status` is pending, succeeded or failed; `http_status` and `response` are of the last attempt, the latter what was
    answered or, where nothing was, what went wrong. `due_at` is from when it may be attempted, wall clock.
    """

    endpoint_id: str
    fact_id: str
    webhook_type: str
    object_id: str
    status: str
    attempts: int
    attempted_at: datetime | None
    http_status: int | None
    response: str | None
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookPayload(Version):
    """The body that tells of a fact, under the fact's id: the same bytes for every endpoint and attempt."""

    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhooksTold(Version):
    """Up to where facts that no command records are in the outbox: the books' snapshot, and the instant up to which it is
    known what time has brought (None before the first look).
    """

    books_to: int
    looked_at: datetime | None


WEBHOOKS = Versions("webhooks", Webhook, index=("status", "endpoint_id", "fact_id"))
WEBHOOK_PAYLOADS = Versions("webhook_payloads", WebhookPayload)
WEBHOOKS_TOLD = Versions("webhooks_told", WebhooksTold)


def record(uow: UnitOfWork, facts: Sequence[Fact]) -> list[Webhook]:
    """Write the facts, in their order, for every endpoint that asked for their type; one that is known is left out."""
    endpoints = webhook_endpoints.everyone(uow.connection) if facts else []
    heard = [
        (fact, endpoint) for fact in facts for endpoint in endpoints if wants(endpoint.event_types, fact.webhook_type)
    ]
    ids = [deterministic_id("webhook", fact.id, endpoint.id) for fact, endpoint in heard]
    known = _known(uow.connection, ids)
    fresh: list[Webhook] = []
    for webhook_id, (fact, endpoint) in zip(ids, heard, strict=True):
        if webhook_id not in known:
            stamp = uow.stamp_for()
            fresh.append(
                WEBHOOKS.new(
                    stamp,
                    id=webhook_id,
                    endpoint_id=endpoint.id,
                    fact_id=fact.id,
                    webhook_type=fact.webhook_type,
                    object_id=fact.object_id,
                    status=PENDING,
                    attempts=0,
                    attempted_at=None,
                    http_status=None,
                    response=None,
                    due_at=stamp.instant,
                )
            )
    WEBHOOKS.write(uow, fresh)
    return fresh


def undescribed(connection: sa.Connection, now: datetime, most: int) -> list[Webhook]:
    """The oldest webhooks to attempt at `now` whose fact has no body yet, one of each fact."""
    c = WEBHOOKS.c
    has_body = sa.exists().where(WEBHOOK_PAYLOADS.c.id == c.fact_id)
    statement = (
        sa.select(WEBHOOKS.table)
        .where(WEBHOOKS.is_current, c.status == PENDING, c.due_at <= now, ~has_body)
        .order_by(c.created_at, c.sequence)
        .limit(most)
    )
    found = [Webhook(**row._mapping) for row in connection.execute(statement)]
    return list({webhook.fact_id: webhook for webhook in reversed(found)}.values())[::-1]


def is_told_later(connection: sa.Connection, webhook: Webhook) -> bool:
    """Whether a later fact of the same type and object waits or was told."""
    c = WEBHOOKS.c
    same = (c.object_id == webhook.object_id) & (c.webhook_type == webhook.webhook_type)
    return WEBHOOKS.first(connection, c.endpoint_id == webhook.endpoint_id, same, c.created_at > webhook.created_at) is not None


def describe(uow: UnitOfWork, fact_id: str, content: str | None) -> None:
    """Keep the body that tells of a fact; None says that it was none after all, and nobody hears of it."""
    if content is None:
        for webhook in WEBHOOKS.all(uow.connection, WEBHOOKS.c.fact_id == fact_id):
            WEBHOOKS.end(uow, uow.stamp_for(), webhook)
    elif WEBHOOK_PAYLOADS.first(uow.connection, WEBHOOK_PAYLOADS.c.id == fact_id) is None:
        WEBHOOK_PAYLOADS.add(uow, uow.stamp_for(), id=fact_id, content=content)


def due(
    connection: sa.Connection, now: datetime, most: int, but: Collection[str] = ()
) -> list[tuple[Webhook, WebhookEndpoint, str]]:
    """Webhooks to attempt at `now`, oldest fact first, each with its endpoint and its body; none of the endpoints in `but`."""
    c = WEBHOOKS.c
    statement = (
        sa.select(WEBHOOKS.table, WEBHOOK_PAYLOADS.c.content)
        .join(WEBHOOK_PAYLOADS.table, WEBHOOK_PAYLOADS.c.id == c.fact_id)
        .where(WEBHOOKS.is_current, c.status == PENDING, c.due_at <= now, c.endpoint_id.not_in(but))
        .order_by(c.created_at, c.sequence)
        .limit(most)
    )
    endpoints = {endpoint.id: endpoint for endpoint in webhook_endpoints.everyone(connection)}
    found = []
    for row in connection.execute(statement):
        columns = dict(row._mapping)
        content = columns.pop("content")
        if columns["endpoint_id"] in endpoints:
            found.append((Webhook(**columns), endpoints[columns["endpoint_id"]], content))
    return found


def settle(uow: UnitOfWork, webhook_id: str, *, is_taken: bool, http_status: int | None, response: str) -> Webhook:
    """Record how an attempt ended; one that failed comes again later, up to MOST_ATTEMPTS. Raises NotFound."""
    webhook = get(uow.connection, webhook_id)
    stamp = uow.stamp_for()
    attempts = webhook.attempts + 1
    status = SUCCEEDED if is_taken else FAILED if attempts >= MOST_ATTEMPTS else PENDING
    return WEBHOOKS.amend(
        uow,
        stamp,
        webhook,
        status=status,
        attempts=attempts,
        attempted_at=stamp.instant,
        http_status=http_status,
        response=response[:MOST_OF_A_RESPONSE],
        due_at=stamp.instant + wait_after(attempts) if status == PENDING else stamp.instant,
    )


def settle_fact(uow: UnitOfWork, fact_id: str, *, response: str) -> None:
    """Record a failed attempt of every webhook of a fact that waits."""
    for webhook in WEBHOOKS.all(uow.connection, WEBHOOKS.c.fact_id == fact_id, WEBHOOKS.c.status == PENDING):
        settle(uow, webhook.id, is_taken=False, http_status=None, response=response)


def send_again(uow: UnitOfWork, webhook_id: str) -> Webhook:
    """Let a webhook be attempted now and as often as a new one, whatever became of it; it keeps its id. Raises NotFound."""
    webhook = get(uow.connection, webhook_id)
    webhook_endpoints.get(uow.connection, webhook.endpoint_id)
    stamp = uow.stamp_for()
    return WEBHOOKS.amend(uow, stamp, webhook, status=PENDING, attempts=0, due_at=stamp.instant)


def get(connection: sa.Connection, webhook_id: str) -> Webhook:
    """The webhook with this id. Raises NotFound."""
    webhook = WEBHOOKS.first(connection, WEBHOOKS.c.id == webhook_id)
    if webhook is None:
        raise NotFound("webhook", webhook_id)
    return webhook


def attempts(connection: sa.Connection, webhook_id: str) -> list[Webhook]:
    """Every attempt of a webhook, oldest first: its versions that one ended."""
    found: dict[datetime, Webhook] = {}
    for version in WEBHOOKS.history(connection, webhook_id):
        if version.attempted_at is not None:
            found.setdefault(version.attempted_at, version)
    return list(found.values())


def page(
    connection: sa.Connection, *, limit: int | None = None, offset: int = 0, **wanted: str | None
) -> Page[Webhook]:
    """Webhooks, newest first; `wanted` are columns (status, endpoint_id, webhook_type) with the value that they have."""
    conditions = [WEBHOOKS.c[name] == value for name, value in wanted.items() if value is not None]
    return WEBHOOKS.page(connection, *conditions, limit=limit, offset=offset)


def payloads(connection: sa.Connection, fact_ids: Collection[str]) -> Mapping[str, str]:
    """Fact id -> the body that tells of it, of those that have one."""
    return {row.id: row.content for row in WEBHOOK_PAYLOADS.where_in(connection, "id", fact_ids)}


def delete_endpoint(uow: UnitOfWork, endpoint_id: str) -> WebhookEndpoint:
    """End an endpoint: what has not been delivered to it is not any more. Raises NotFound."""
    endpoint = webhook_endpoints.get(uow.connection, endpoint_id)
    WEBHOOK_ENDPOINTS.end(uow, uow.stamp_for(), endpoint)
    for webhook in WEBHOOKS.all(uow.connection, WEBHOOKS.c.endpoint_id == endpoint_id, WEBHOOKS.c.status == PENDING):
        WEBHOOKS.amend(uow, uow.stamp_for(), webhook, status=FAILED, response="its endpoint was deleted")
    return endpoint


def told(connection: sa.Connection) -> WebhooksTold | None:
    """Up to where facts that no command records have been looked for; None before the first look."""
    return WEBHOOKS_TOLD.first(connection)


def tell(uow: UnitOfWork, **to: Any) -> WebhooksTold:
    """Move on what `told` says; the first call gives the books' snapshot at least."""
    before = told(uow.connection)
    if before is None:
        return WEBHOOKS_TOLD.add(uow, uow.stamp_for(), id=_TOLD_ID, **{"looked_at": None} | to)
    return WEBHOOKS_TOLD.amend(uow, uow.stamp_for(), before, **to)


def create_endpoint(uow: UnitOfWork, *, books_snapshot: int, **fields: Any) -> WebhookEndpoint:
    """A new endpoint, which hears of what is recorded, and issued after that snapshot of the books. Raises ValidationError."""
    endpoint = webhook_endpoints.create(uow, **fields)
    if webhook_endpoints.page(uow.connection, limit=1).total == 1:  # nobody has listened until now
        tell(uow, books_to=books_snapshot, looked_at=uow.stamp_for().instant)
    return endpoint


def _known(connection: sa.Connection, webhook_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are in the outbox, also if they were none after all."""
    found: set[str] = set()
    for start in range(0, len(webhook_ids), 1000):
        some = webhook_ids[start : start + 1000]
        rows = connection.execute(sa.select(WEBHOOKS.c.id).where(WEBHOOKS.c.id.in_(some)))
        found |= {row[0] for row in rows}
    return found
