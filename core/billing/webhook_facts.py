"""Facts that no command records, brought into the outbox of webhooks: what was issued, by whichever process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.billing.ledger import Ledger
from core.catalog import webhook_endpoints, webhooks
from core.catalog.engine import Engine, reading
from core.catalog.unit_of_work import unit_of_work
from core.catalog.webhooks import Fact
from core.clock import Clock
from core.warehouse.issued_facts import issued_facts

_AT_ONCE = 1000
"""Facts that are written in one transaction, so that no command waits long for it."""


def gather(ledger: Ledger, engine: Engine, clock: Clock) -> int:
    """Write down what webhooks are to tell of and have not been; how many facts there were.

    A crash in between costs nothing: a fact has one id, and one that is in the outbox is left out. Without an endpoint there
    is nobody to tell, and what was issued before the first one is not told.
    """
    with reading(engine) as connection:
        has_listeners = webhook_endpoints.page(connection, limit=1).total > 0
        told = webhooks.told(connection)
    if not has_listeners:
        return 0
    with ledger.cursor() as cursor:
        newest = ledger.books_snapshot(cursor)
        after = newest if told is None else told.books_to
        found = issued_facts(cursor, after, newest) if newest > after else []
    facts = [Fact(webhook_type, object_id, "") for webhook_type, object_id in found]
    for some in _parts(facts):
        with unit_of_work(engine, clock) as uow:
            webhooks.record(uow, some)
    if told is None or told.books_to != newest:  # also back: books that were restored are behind
        with unit_of_work(engine, clock) as uow:
            webhooks.tell(uow, books_to=newest)
    return len(facts)


def _parts(facts: Sequence[Fact]) -> Iterator[Sequence[Fact]]:
    for start in range(0, len(facts), _AT_ONCE):
        yield facts[start : start + _AT_ONCE]
