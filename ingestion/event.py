"""One usage event: as it comes over the wire, and as we keep it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)


class UsageEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A validated event. Its identity is (`external_subscription_id`, `transaction_id`) (rating §1, law 4).

    `timestamp` is in microseconds since the Unix epoch, UTC; None means the instant at which it is received, which
    nobody knows before the inbox has stamped it. `properties` is canonical JSON object text (see `canonical`).
    """

    external_subscription_id: str
    transaction_id: str
    code: str
    timestamp: int | None
    properties: str
    precise_total_amount_cents: str | None = None


class WireEvent(msgspec.Struct, gc=False):
    """Lago's event shape before validation (lago_api §7.2). Unknown fields are dropped, null is the same as absent."""

    transaction_id: Any = None
    external_subscription_id: Any = None
    code: Any = None
    timestamp: Any = None
    properties: Any = None
    precise_total_amount_cents: Any = None


def to_micros(instant: datetime) -> int:
    """Microseconds since the Unix epoch of a naive UTC instant, exact."""
    return (instant - EPOCH) // MICROSECOND


def to_instant(micros: int) -> datetime:
    """The naive UTC instant of `micros` microseconds since the Unix epoch, exact."""
    return EPOCH + timedelta(microseconds=micros)
