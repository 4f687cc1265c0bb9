"""Events on the wire (lago_api §7.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import md5
from typing import Any

import msgspec

from api.body import DECIMAL, MAPPING, TEXT, Body, object_schema
from api.schemas.wire import instant, instant_ms
from core.catalog.subscription_versions import Subscription
from core.ids import deterministic_id
from ingestion.event import UsageEvent, to_instant
from ingestion.inbox import Receipt
from ingestion.instant import MICROS

FIELDS = {
    "code": TEXT,
    "external_subscription_id": TEXT,
    "transaction_id": TEXT,
    "timestamp": DECIMAL,
    "properties": MAPPING,
    "precise_total_amount_cents": DECIMAL,
}
ONE = Body("event", FIELDS)
MANY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["events"], "properties": {"events": {"type": "array", "items": object_schema(FIELDS)}}}
            }
        },
    }
}
"""The body of a batch for `/docs`."""

_encode = msgspec.json.Encoder().encode
_THOUSANDTHS = tuple(f".{number:03d}Z" for number in range(1000))


class EventObject(msgspec.Struct, gc=False):
    """An event as Lago answers it. Whom it belongs to is not looked up at ingest, so those ids are null."""

    lago_id: str
    transaction_id: str
    code: str
    timestamp: str | None
    properties: msgspec.Raw
    precise_total_amount_cents: str | None
    external_subscription_id: str
    created_at: str | None
    lago_customer_id: None = None
    lago_subscription_id: None = None


class _One(msgspec.Struct, gc=False):
    event: EventObject


class _Many(msgspec.Struct, gc=False):
    events: list[EventObject]


def event_answer(event: UsageEvent, receipt: Receipt) -> bytes:
    """The answer to one event."""
    return _encode(_One(_objects([event], receipt)[0]))


def batch_answer(events: Sequence[UsageEvent], receipt: Receipt) -> bytes:
    """The answer to a batch, in the order sent."""
    return _encode(_Many(_objects(events, receipt)))


def found_event(row: Mapping[str, Any], subscription: Subscription | None) -> dict[str, Any]:
    """An event that was received, a landing row, with whom it belongs to if its subscription is known."""
    return {
        "lago_id": deterministic_id("event", row["external_subscription_id"], row["transaction_id"]),
        "transaction_id": row["transaction_id"],
        "lago_customer_id": subscription.customer_id if subscription else None,
        "code": row["code"],
        "timestamp": instant_ms(row["timestamp"]),
        "properties": msgspec.Raw(row["properties"].encode()),
        "precise_total_amount_cents": row["precise_total_amount_cents"],
        "lago_subscription_id": subscription.id if subscription else None,
        "external_subscription_id": row["external_subscription_id"],
        "created_at": instant(row["received_at"]),
    }


def _objects(events: Sequence[UsageEvent], receipt: Receipt) -> list[EventObject]:
    created_at, received_at = instant(receipt.received_at), instant_ms(receipt.received_at)
    return [
        EventObject(
            _event_id(event),
            event.transaction_id,
            event.code,
            received_at if event.timestamp is None else _milliseconds(event.timestamp),
            msgspec.Raw(event.properties.encode()),
            event.precise_total_amount_cents,
            event.external_subscription_id,
            created_at,
        )
        for event in events
    ]


def _event_id(event: UsageEvent) -> str:
    """Made of the event's identity (law 4), so that a retry is told the same id.

    As `core.ids.deterministic_id`, without its detour over a UUID object, which would take half of the answer's time.
    """
    name = f"event|{event.external_subscription_id}|{event.transaction_id}".encode()
    text = md5(name, usedforsecurity=False).digest().hex("-", 2)
    return text[:4] + text[5:29] + text[30:34] + text[35:]


def _milliseconds(micros: int) -> str:
    """As `wire.instant_ms`, for microseconds since the epoch: events of one second share its text."""
    seconds, rest = divmod(micros, MICROS)
    return _second(seconds) + _THOUSANDTHS[rest // 1000]


@lru_cache(maxsize=10_000)
def _second(seconds: int) -> str:
    return to_instant(seconds * MICROS).isoformat(timespec="seconds")
