"""Where webhooks go, which of them, and how they are signed (lago_api §7.15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from core.catalog.versions import Page, Version, Versions
from core.domain.problems import Problems
from core.domain.webhooks import OBJECT_KEYS
from core.errors import NotFound
from core.ids import new_id

if TYPE_CHECKING:  # the unit of work itself asks who is to hear of it
    from core.catalog.unit_of_work import UnitOfWork

MOST_ENDPOINTS = 10
ALGORITHMS = ("jwt", "hmac")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookEndpoint(Version):
    """An address that hears of what happens. `event_types` are those it asked for; None, or a `*` among them, is all."""

    webhook_url: str
    signature_algo: str
    name: str | None
    event_types: list[str] | None


WEBHOOK_ENDPOINTS = Versions("webhook_endpoints", WebhookEndpoint, unique=("webhook_url",))


def create(
    uow: UnitOfWork,
    *,
    webhook_url: str | None,
    signature_algo: str | None = None,
    name: str | None = None,
    event_types: Sequence[str] | None = None,
) -> WebhookEndpoint:
    """A new endpoint; it hears of what is recorded from now on. Raises ValidationError."""
    values = {
        "webhook_url": webhook_url,
        "signature_algo": signature_algo or "jwt",
        "name": name,
        "event_types": event_types,
    }
    problems = _problems(values)
    problems.mandatory("webhook_url")
    _refuse_taken(uow.connection, problems, webhook_url)
    if page(uow.connection, limit=1).total >= MOST_ENDPOINTS:
        problems.add(
            "base",
            "exceeded_limit",
            f"There are {MOST_ENDPOINTS} webhook endpoints, the most there may be; delete one first",
        )
    problems.refuse()
    return WEBHOOK_ENDPOINTS.add(uow, uow.stamp_for(), id=new_id(), **values)


def update(uow: UnitOfWork, endpoint_id: str, **fields: Any) -> WebhookEndpoint:
    """Change what is given; null of `signature_algo` is its default. Raises NotFound, ValidationError."""
    endpoint = get(uow.connection, endpoint_id)
    if "signature_algo" in fields:
        fields["signature_algo"] = fields["signature_algo"] or "jwt"
    problems = _problems(fields)
    if "webhook_url" in fields:
        problems.mandatory("webhook_url")
        _refuse_taken(uow.connection, problems, fields["webhook_url"], but=endpoint_id)
    problems.refuse()
    return WEBHOOK_ENDPOINTS.amend(uow, uow.stamp_for(), endpoint, **fields)


def get(connection: sa.Connection, endpoint_id: str) -> WebhookEndpoint:
    """The endpoint with this id. Raises NotFound."""
    endpoint = WEBHOOK_ENDPOINTS.first(connection, WEBHOOK_ENDPOINTS.c.id == endpoint_id)
    if endpoint is None:
        raise NotFound("webhook_endpoint", endpoint_id)
    return endpoint


def everyone(connection: sa.Connection) -> list[WebhookEndpoint]:
    """Every endpoint, oldest first."""
    return WEBHOOK_ENDPOINTS.all(connection)


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[WebhookEndpoint]:
    """Endpoints, newest first."""
    return WEBHOOK_ENDPOINTS.page(connection, limit=limit, offset=offset)


def _problems(values: dict[str, Any]) -> Problems:
    problems = Problems(values)
    problems.text("webhook_url", "name")
    problems.one_of("signature_algo", ALGORITHMS)
    url = values.get("webhook_url")
    if isinstance(url, str) and url.strip() and not _is_address(url):
        problems.add("webhook_url", "url_is_invalid")
    unknown = sorted(set(values.get("event_types") or ()) - {*OBJECT_KEYS, "*"})
    if unknown:
        problems.add("event_types", f"contains unknown event types: {', '.join(unknown)}")
    return problems


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not set(url) & set(" \t\r\n")
        )
    except ValueError:
        return False


def _refuse_taken(connection: sa.Connection, problems: Problems, url: Any, but: str = "") -> None:
    c = WEBHOOK_ENDPOINTS.c
    if isinstance(url, str) and WEBHOOK_ENDPOINTS.first(connection, c.webhook_url == url, c.id != but):
        problems.add("webhook_url", "value_already_exist")
