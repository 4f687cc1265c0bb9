"""Billing on demand for one customer: what came in since the last run is added to what was published (law 6)."""

from __future__ import annotations

import logging
import threading
from datetime import datetime

import pyarrow as pa
import sqlalchemy as sa

from core.billing import CustomerFacts, IssueReport, issue_now
from core.catalog.engine import reading
from core.catalog.export import export
from core.catalog.subscriptions import SUBSCRIPTIONS
from core.clock import Clock
from core.errors import TallystickError
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.publish import published
from ingestion.flush import pending_events
from ingestion.inbox import Inbox
from ingestion.landing import Landing

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 8.0
"""How long a request that is answered with its invoice waits for the books; Lago's clients give up after 10 s."""


class Billing:
    """The pricing graph of this process and the facts of one customer at a time."""

    def __init__(self, settings: Settings, engine: sa.Engine, clock: Clock, inbox: Inbox, landing: Landing) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._inbox = inbox
        self._landing = landing
        self._graph: PricingGraph | None = None
        self._loading = threading.Lock()

    @property
    def graph(self) -> PricingGraph:
        """The project's models; the first use compiles the SQL when it has changed, which takes seconds."""
        with self._loading:
            if self._graph is None:
                self._graph = PricingGraph.load()
            return self._graph

    def issue(self, customer_id: str) -> IssueReport:
        """Issue everything that is due for the customer. Raises BooksBusy, ConservationBroken."""
        facts = self.facts(customer_id)
        return issue_now(self._settings, self.graph, facts, lock_timeout=PATIENCE_SECONDS)

    def issue_soon(self, customer_id: str) -> None:
        """As `issue`, for a command that has taken effect whether or not its invoice can be made now: the next run makes
        what could not be made here, under the same id.
        """
        try:
            issue_now(self._settings, self.graph, self.facts(customer_id))
        except TallystickError as error:
            log.warning("what is due for customer %s is left to the next run: %s", customer_id, error.message)

    def facts(self, customer_id: str) -> CustomerFacts:
        """What is known of the customer now."""
        with reading(self._engine) as connection:
            catalog = export(connection, [customer_id])
            owned = SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.customer_id == customer_id)
        # The inbox before the files: an event that moves in between is then seen twice and never missed.
        tail = [pending_events(self._inbox), *self._fresh_files()]
        return CustomerFacts(
            catalog=catalog,
            external_subscription_ids=sorted({row.external_id for row in owned}),
            as_of=self._clock.now(),
            tail_events=tail,
        )

    def has_published(self) -> bool:
        """Whether a run has published a warehouse."""
        return published(self._settings.published) is not None

    def _fresh_files(self) -> list[pa.Table]:
        """The landing files that the published warehouse may not hold."""
        pair = published(self._settings.published)
        since = datetime.min if pair is None else pair.as_of
        first_day = f"{since.date()}"
        files = [path for path in self._landing.files() if _day_of(path) >= first_day]
        return [self._landing.read(path) for path in files]


def _day_of(path: str) -> str:
    return path.split("received_date=", 1)[1].split("/", 1)[0]
