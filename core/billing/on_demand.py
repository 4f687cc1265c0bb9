"""Billing on demand for one customer: what came in since the last run is added to what was published (law 6)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.billing.as_of_now import AsOfNow, Rows
from core.billing.credit_notes import OF_VOID, TOP_UPS, Estimate, refuse, refuse_beyond_top_up, with_note, with_void
from core.billing.credit_notes import estimate as estimate_note
from core.billing.customer import CustomerFacts
from core.billing.estimates import estimate
from core.billing.held import refuse_while_held
from core.billing.issue import IssueReport, issue_now
from core.billing.preview import previewing, settled_aside
from core.billing.tail import Tail
from core.books import store
from core.catalog import customers, test_clocks
from core.catalog.engine import Connection, Engine, reading
from core.catalog.export import export
from core.clock import Clock
from core.errors import TallystickError
from core.settings import Settings

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 8.0
"""How long a request that is answered with its invoice waits for the books; Lago's clients give up after 10 s."""


class Billing(AsOfNow):
    """What commands ask of billing at once. It sees all usage that was received, so it needs the tail."""

    def __init__(self, settings: Settings, engine: Engine, clock: Clock, tail: Tail) -> None:
        super().__init__(settings, engine, clock, tail)

    def issue(self, command: Callable[[], str]) -> IssueReport:
        """Run a command, which says whose it was, and issue everything that is due for that customer.

        Raises BooksBusy before the command has run, so that it may be sent again, and ConservationBroken.
        """
        return issue_now(
            self._settings,
            self.graph(),
            lambda: self._with_everyone(self._facts(command())),
            lock_timeout=PATIENCE_SECONDS,
        )

    @contextmanager
    def nobody_issues(self) -> Iterator[None]:
        """What the block reads of the books stays true until it ends. Raises BooksBusy."""
        with store.lock(self._settings, PATIENCE_SECONDS):
            yield

    def issue_soon(self, customer_id: str) -> None:
        """As `issue`, for a command that has taken effect whether or not its invoice can be made now: the next run makes
        what could not be made here, under the same id.
        """
        try:
            issue_now(self._settings, self.graph(), lambda: self._with_everyone(self._facts(customer_id)))
        except TallystickError as error:
            log.warning("what is due for customer %s is left to the next run: %s", customer_id, error.message)

    def unissued(self, customer_id: str) -> AbstractContextManager[Any]:
        """A cursor for `core.warehouse.marts` on what is due for the customer now and not in the books, as the next run issues it."""
        return settled_aside(self._settings, self.graph(), self._facts(customer_id))

    def refuse_while_held(self, customer_id: str) -> None:
        """Raises UsageOutOfDomain while a bill of the customer is held back: see `core.billing.held`."""
        facts = self._facts(customer_id)
        with self.ledger.cursor() as cursor:
            refuse_while_held(cursor, self.graph(), facts, has_warehouse=self.ledger.has_published())

    def estimate(
        self, customer_id: str, transaction_id: str, event: Callable[[datetime], pa.Table], *, is_instant: bool
    ) -> Mapping[str, Rows]:
        """What an event would cost in advance: the rows of `core.billing.estimates.estimate`. Nothing is stored.

        `event` gives its landing row, received at that instant (naive UTC). An instant estimate sees no other event.
        """
        facts = self._facts(customer_id, with_events=not is_instant)
        facts = replace(facts, tail_events=[*facts.tail_events, event(facts.as_of)])
        graph = self.graph()
        with self.ledger.computing() as plans:
            has_warehouse = self.ledger.has_published() and not is_instant
            return estimate(plans, graph, facts, transaction_id, has_warehouse=has_warehouse, is_instant=is_instant)

    def facts_of_trial(self, connection: Connection, customer_id: str, as_of: datetime) -> CustomerFacts:
        """The customer's facts as a trial has changed them, looked at from `as_of`, which may lie ahead. `connection` is the trial's."""
        return replace(self._facts_on(connection, customer_id), as_of=as_of)

    def preview(
        self, facts: CustomerFacts, subscription_ids: Collection[str], since: datetime, *, is_final: bool
    ) -> AbstractContextManager[tuple[Any, dict[str, Any]]]:
        """The next bill of the subscriptions: see `core.billing.preview`."""
        return previewing(self._settings, self.graph(), facts, subscription_ids, since, is_final=is_final)

    def credit_note(self, invoice: Mapping[str, Any], items: Sequence[Mapping[str, Any]], **parts: int) -> Estimate:
        """What a credit note on the issued invoice would be. Nothing is stored. Raises NotFound `fee`."""
        facts = self._facts(invoice["customer_id"], with_events=False)
        facts = with_note(facts, invoice, items, self._reading(invoice["customer_id"], facts.as_of), **parts)
        with self.ledger.computing() as plans:
            return estimate_note(plans, self.graph(), facts, has_warehouse=self.ledger.has_published())

    def refuse_credit_note(self, invoice: Mapping[str, Any], items: Sequence[Mapping[str, Any]], **parts: int) -> None:
        """Raises ValidationError, in Lago's words, for a note that gives back more than is left. Hold the books meanwhile."""
        refuse(self.credit_note(invoice, items, **parts).problems)
        if invoice["invoice_type"] == "credit":
            transactions = self.rows_without_usage([invoice["customer_id"]], TOP_UPS)
            refuse_beyond_top_up(parts.get("refund_amount_cents", 0), transactions, invoice["fees"])

    def refuse_void(self, invoice: Mapping[str, Any], credit_amount_cents: int, refund_amount_cents: int) -> None:
        """Raises ValidationError, in Lago's words, for a void that gives back more than is left. Hold the books meanwhile."""
        if not credit_amount_cents + refund_amount_cents:
            return
        facts = self._facts(invoice["customer_id"], with_events=False)
        at = self._reading(invoice["customer_id"], facts.as_of)
        facts = with_void(facts, invoice, at, credit_amount_cents, refund_amount_cents)
        with self.ledger.computing() as plans:
            has_warehouse = self.ledger.has_published()
            refuse(estimate_note(plans, self.graph(), facts, has_warehouse=has_warehouse, note_id=OF_VOID).problems)

    def _reading(self, customer_id: str, otherwise: datetime) -> datetime:
        """What the customer's test clock shows, if it has one."""
        with reading(self._engine) as connection:
            customer = customers.by_id(connection, customer_id)
            clock = customer.test_clock_id and test_clocks.get(connection, customer.test_clock_id)
        return clock.reading if clock else otherwise

    def _with_everyone(self, facts: CustomerFacts) -> CustomerFacts:
        """The facts with the rows of all customers: an entity's numbers go on from the invoices of every customer on the
        same clock, and only their rows tell the clock.
        """
        with reading(self._engine) as connection:
            everyone = export(connection)["customers"]
        return replace(facts, catalog={**facts.catalog, "customers": everyone})
