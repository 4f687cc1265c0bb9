"""Facts that no command records, brought into the outbox of webhooks: what was issued, by whichever process; what runs
show; what time brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.billing.ledger import Ledger
from core.catalog import webhook_endpoints, webhooks
from core.catalog.engine import Engine, reading
from core.catalog.unit_of_work import unit_of_work
from core.catalog.webhook_times import brought_by_time
from core.catalog.webhooks import Fact, WebhooksTold
from core.clock import Clock
from core.warehouse.issued_facts import issued_facts
from core.warehouse.publish import Published
from core.warehouse.published_facts import overdue_facts, published_facts

AT_ONCE = 1000
"""Facts that are written in one transaction, so that no command waits long for it."""
EACH = timedelta(seconds=30)
"""How often it is looked what time has brought."""
NOTED_EACH = timedelta(hours=1)
"""How often a look that found nothing is written down."""


class WebhookFacts:
    """One process's way to the outbox.

    A crash in between costs nothing: a fact has one id, and one that is in the outbox is left out. Without an endpoint there
    is nobody to tell, and what happened before the first one is not told.
    """

    def __init__(self, ledger: Ledger, engine: Engine, clock: Clock) -> None:
        self._ledger = ledger
        self._engine = engine
        self._clock = clock
        self._seen: Published | None = None
        self._looked_at = datetime.min

    def gather(self) -> None:
        """Write down what webhooks are to tell of and have not been."""
        with reading(self._engine) as connection:
            endpoints = webhook_endpoints.everyone(connection)
            told = webhooks.told(connection)
        if endpoints:
            self._issued(told)
            self._published(endpoints[0].created_at)
            self._time(told)

    def _issued(self, told: WebhooksTold | None) -> None:
        with self._ledger.cursor() as cursor:
            newest = self._ledger.books_snapshot(cursor)
            after = newest if told is None else told.books_to
            found = issued_facts(cursor, after, newest) if newest > after else []
        self._record([Fact(webhook_type, object_id, "") for webhook_type, object_id in found])
        if told is None or told.books_to != newest:  # also back: books that were restored are behind
            with unit_of_work(self._engine, self._clock) as uow:
                webhooks.tell(uow, books_to=newest)

    def _published(self, since: datetime) -> None:
        pair = self._ledger.published()
        if pair is None or pair == self._seen:
            return
        with self._ledger.cursor() as cursor:
            found = published_facts(cursor, since)
        self._record([Fact(webhook_type, object_id, "") for webhook_type, object_id in found])
        self._seen = pair

    def _time(self, told: WebhooksTold | None) -> None:
        now = self._clock.now()
        after = None if told is None else told.looked_at
        if after is not None and now - max(after, self._looked_at) < EACH:
            return
        facts: list[Fact] = []
        if after is not None:
            with self._ledger.cursor() as cursor, reading(self._engine) as connection:
                facts = brought_by_time(connection, after, now)
                facts += [
                    Fact("invoice.payment_overdue", invoice_id, "") for invoice_id in overdue_facts(cursor, after, now)
                ]
        self._record(facts)
        self._looked_at = now
        if facts or after is None or now - after > NOTED_EACH:
            with unit_of_work(self._engine, self._clock) as uow:
                webhooks.tell(uow, looked_at=now)

    def _record(self, facts: Sequence[Fact]) -> None:
        for start in range(0, len(facts), AT_ONCE):
            with unit_of_work(self._engine, self._clock) as uow:
                webhooks.record(uow, facts[start : start + AT_ONCE])
