"""Billing on demand for one customer: what came in since the last run is added to what was published (law 6)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from core.billing import CustomerFacts, IssueReport, issue_now
from core.billing.credit_notes import OF_VOID, TOP_UPS, Estimate, refuse, refuse_beyond_top_up, with_note, with_void
from core.billing.credit_notes import estimate as estimate_note
from core.billing.current_periods import plan_period_end
from core.billing.customer import compute
from core.billing.estimates import estimate
from core.billing.held import refuse_while_held
from core.catalog import customers, invoice_disputes, payments, test_clocks
from core.catalog.engine import reading
from core.catalog.export import export
from core.catalog.subscription_versions import SUBSCRIPTIONS, Subscription
from core.catalog.unit_of_work import last_recorded_at
from core.clock import Clock
from core.errors import NotFound, TallystickError
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph, temporary
from ingestion.event import UsageEvent, to_micros
from ingestion.flush import ALL, pending_events
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from ingestion.tables import event_table
from service.ledger import Ledger

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 8.0
"""How long a request that is answered with its invoice waits for the books; Lago's clients give up after 10 s."""

Rows = list[dict[str, Any]]
_INSTANT = pa.timestamp("us")


class Billing:
    """The pricing graph of this process, and the facts of one customer at a time."""

    def __init__(self, settings: Settings, engine: sa.Engine, clock: Clock, inbox: Inbox, landing: Landing) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._inbox = inbox
        self._landing = landing
        self._graph: PricingGraph | None = None
        self._loading = threading.Lock()
        self.ledger = Ledger(settings, self.graph, self._told)

    def graph(self) -> PricingGraph:
        """The project's models; the first use compiles the SQL when it has changed, which takes seconds."""
        with self._loading:
            if self._graph is None:
                self._graph = PricingGraph.load()
            return self._graph

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

    def issue_soon(self, customer_id: str) -> None:
        """As `issue`, for a command that has taken effect whether or not its invoice can be made now: the next run makes
        what could not be made here, under the same id.
        """
        try:
            issue_now(self._settings, self.graph(), lambda: self._with_everyone(self._facts(customer_id)))
        except TallystickError as error:
            log.warning("what is due for customer %s is left to the next run: %s", customer_id, error.message)

    def rows(self, customer_id: str, *models: str) -> Mapping[str, Rows]:
        """The rows of these models for the customer at this moment, computed by the SQL of the bill."""
        return self._computed(self._facts(customer_id), models)

    def rows_without_usage(self, customer_ids: Collection[str], model: str) -> Rows:
        """As `rows`, of several customers, for a model that stands on no events."""
        return self._computed(self._facts(*customer_ids, with_events=False), [model])[model]

    def period_end(self, subscription: Subscription, at: datetime) -> datetime:
        """The end of the plan period that holds `at` (both naive UTC, on the customer's clock). Raises NotFound."""
        facts = self._facts(subscription.customer_id, with_events=False)
        with self.ledger.computing() as plans:
            has_warehouse = self.ledger.has_published()
            return plan_period_end(plans, self.graph(), facts, subscription, at, has_warehouse=has_warehouse)

    def _computed(self, facts: CustomerFacts, models: Collection[str]) -> Mapping[str, Rows]:
        graph = self.graph()
        with self.ledger.computing() as plans:
            has_warehouse = self.ledger.has_published()
            compute(plans, graph, facts, models, has_warehouse=has_warehouse)
            return {
                model: plans.execute(f"select * from {temporary(model)}").to_arrow_table().to_pylist()
                for model in models
            }

    def refuse_while_held(self, customer_id: str) -> None:
        """Raises UsageOutOfDomain while a bill of the customer is held back: see `core.billing.held`."""
        facts = self._facts(customer_id)
        with self.ledger.cursor() as cursor:
            refuse_while_held(cursor, self.graph(), facts, has_warehouse=self.ledger.has_published())

    def estimate(self, customer_id: str, event: UsageEvent, *, is_instant: bool) -> Mapping[str, Rows]:
        """What the event would cost in advance: the rows of `core.billing.estimates.estimate`. Nothing is stored.

        An instant estimate sees no other event.
        """
        facts = self._facts(customer_id, with_events=not is_instant)
        received = to_micros(facts.as_of)
        table = event_table([event], [received], [ALL], ["estimate"], [None])
        facts = replace(facts, tail_events=[*facts.tail_events, table])
        graph = self.graph()
        with self.ledger.computing() as plans:
            has_warehouse = self.ledger.has_published() and not is_instant
            return estimate(
                plans, graph, facts, event.transaction_id, has_warehouse=has_warehouse, is_instant=is_instant
            )

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

    def _told(self, since: datetime) -> Mapping[str, pa.Table]:
        """What is known of payments since a run of that `as_of`, and the clocks by which an invoice is overdue."""
        with reading(self._engine) as connection:
            paid = payments.paid_since(connection, since)
            lost = invoice_disputes.lost_since(connection, since)
            readings = customers.on_test_clocks(connection)
        return {
            "told_payments": _columns(("invoice_id", pa.string(), paid), ("paid_amount_cents", pa.int64(), paid.values())),
            "told_disputes": _columns(("invoice_id", pa.string(), lost), ("lost_at", _INSTANT, lost.values())),
            "told_clocks": _columns(("customer_id", pa.string(), readings), ("as_of", _INSTANT, readings.values())),
            "told_now": _columns(("as_of", _INSTANT, [self._clock.now()])),
        }

    def event(self, transaction_id: str) -> Mapping[str, Any]:
        """The event of this transaction id as a landing row, the first one received. Raises NotFound."""
        # The inbox is read before the files, and comes after them: see `_facts`.
        waiting = pending_events(self._inbox)
        fresh = self._fresh_files()
        found = self.ledger.event(transaction_id)
        if found is not None:
            return found
        for table in (*(self._landing.read(path) for path in fresh), waiting):
            place = table["transaction_id"].index(transaction_id).as_py()
            if place >= 0:
                row: Mapping[str, Any] = table.slice(place, 1).to_pylist()[0]
                return row
        raise NotFound("event", transaction_id)

    def _facts(self, *customer_ids: str, with_events: bool = True) -> CustomerFacts:
        with reading(self._engine) as connection:
            catalog = export(connection, customer_ids)
            owned = SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.customer_id.in_(customer_ids))
            recorded_at = last_recorded_at(connection)
        # The inbox before the files: an event that moves in between is then seen twice and never missed.
        tail = [pending_events(self._inbox)] if with_events else []
        tail += [self._landing.read(path) for path in self._fresh_files()] if with_events else []
        return CustomerFacts(
            catalog=catalog,
            external_subscription_ids=sorted({row.external_id for row in owned}),
            # A clock may go back, or be behind another machine's: what has been recorded is never ahead of now.
            as_of=max(self._clock.now(), recorded_at),
            tail_events=tail,
        )

    def _with_everyone(self, facts: CustomerFacts) -> CustomerFacts:
        """The facts with the rows of all customers: an entity's numbers go on from the invoices of every customer on the
        same clock, and only their rows tell the clock.
        """
        with reading(self._engine) as connection:
            everyone = export(connection)["customers"]
        return replace(facts, catalog={**facts.catalog, "customers": everyone})

    def _fresh_files(self) -> list[str]:
        """The landing files that the published warehouse does not hold.

        Look at the warehouse after it: a run that publishes in between then shows events twice, and never hides one.
        """
        first_day, loaded = self.ledger.loaded_files()
        return [path for path in self._landing.files_since(first_day) if path not in loaded]


def _columns(*columns: tuple[str, pa.DataType, Iterable[Any]]) -> pa.Table:
    return pa.table({name: pa.array(list(values), kind) for name, kind, values in columns})
