"""Events, as soon as they are received."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.deps import Services
from core.billing.tail import fresh_files, tail_events
from core.errors import NotFound
from core.warehouse.received_events import EventFilter, list_events


def received(services: Services, transaction_id: str) -> Mapping[str, Any]:
    """The event of this transaction id as a landing row, the first one received. Raises NotFound."""
    # The inbox is read before the files, and comes after them: see `core.billing.tail.tail_events`.
    tail, ledger = services.tail, services.billing.ledger
    waiting = tail.waiting()
    fresh = fresh_files(tail, ledger)
    found = ledger.event(transaction_id)
    if found is not None:
        return found
    for table in (*(tail.read(file) for file in fresh), waiting):
        place = table["transaction_id"].index(transaction_id).as_py()
        if place >= 0:
            row: Mapping[str, Any] = table.slice(place, 1).to_pylist()[0]
            return row
    raise NotFound("event", transaction_id)


def received_among(services: Services, wanted: EventFilter, *, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
    """(landing rows of the events that are asked for, latest first, how many in all)."""
    ledger = services.billing.ledger
    tail = tail_events(services.tail, ledger)
    with ledger.cursor() as cursor:
        return list_events(cursor, ledger.events(), tail, wanted, limit=limit, offset=offset)
