"""One customer as of now, for reading: the published warehouse, the books and the catalog as they are (law 6)."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from core.billing.current_periods import plan_period_end
from core.billing.customer import CustomerFacts, compute, give_own_facts
from core.billing.ledger import Ledger
from core.billing.tail import Tail, tail_events
from core.catalog.engine import Connection, Engine, reading
from core.catalog.export import export
from core.catalog.subscription_versions import SUBSCRIPTIONS, Subscription
from core.catalog.unit_of_work import last_recorded_at
from core.clock import Clock
from core.settings import Settings
from core.warehouse.kept_plans import Connection as Computing
from core.warehouse.pricing_graph import PricingGraph, temporary

Rows = list[dict[str, Any]]
CHARGEABLE, PROJECTED = "int_metering__chargeable_quantities", "int_metering__projected_quantities"


class AsOfNow:
    """The pricing graph of this process, and the facts of one customer at a time. It issues nothing.

    Without a `tail` usage is as of the published run, and everything else as of now.
    """

    def __init__(self, settings: Settings, engine: Engine, clock: Clock, tail: Tail | None = None) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._tail = tail
        self._graph: PricingGraph | None = None
        self._loading = threading.Lock()
        self.ledger = Ledger(settings, engine, clock, self.graph)

    def graph(self) -> PricingGraph:
        """The project's models; the first use compiles the SQL when it has changed, which takes seconds."""
        with self._loading:
            if self._graph is None:
                self._graph = PricingGraph.load()
            return self._graph

    def rows(self, customer_id: str, *models: str) -> Mapping[str, Rows]:
        """The rows of these models for the customer at this moment, computed by the SQL of the bill."""
        return self._computed(self._facts(customer_id), models)

    def projected(self, customer_id: str, *models: str) -> tuple[Mapping[str, Rows], Mapping[str, Rows]]:
        """(`rows`, the rows of the same models if usage went on to the end of its period as it did so far)."""
        graph, facts = self.graph(), self._facts(customer_id)
        with self.ledger.computing() as plans:
            has_warehouse = self.ledger.has_published()
            wanted = [*models, PROJECTED]
            given = give_own_facts(plans, graph, facts, wanted, has_warehouse=has_warehouse)
            graph.run(plans, wanted, given)
            now = _rows(plans, models)
            graph.run(plans, models, given | {CHARGEABLE: temporary(PROJECTED)})
            return now, _rows(plans, models)

    def rows_without_usage(self, customer_ids: Collection[str], model: str) -> Rows:
        """As `rows`, of several customers, for a model that stands on no events."""
        return self._computed(self._facts(*customer_ids, with_events=False), [model])[model]

    def draft(self, found: dict[str, Any]) -> dict[str, Any]:
        """The draft with its fees and sums as they are now. `found` is what `marts.get_invoice` gives of it."""
        rows = self.rows(found["customer_id"], "fct_invoices", "fct_invoice_lines")
        sums = [row for row in rows["fct_invoices"] if row["invoice_id"] == found["invoice_id"]]
        fees = [row for row in rows["fct_invoice_lines"] if row["invoice_id"] == found["invoice_id"]]
        return found | sums[0] | {"fees": sorted(fees, key=lambda fee: fee["position"])} if sums else found

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
            return _rows(plans, models)

    def _facts(self, *customer_ids: str, with_events: bool = True) -> CustomerFacts:
        with reading(self._engine) as connection:
            return self._facts_on(connection, *customer_ids, with_events=with_events)

    def _facts_on(self, connection: Connection, *customer_ids: str, with_events: bool = True) -> CustomerFacts:
        catalog = export(connection, customer_ids)
        owned = SUBSCRIPTIONS.all(connection, SUBSCRIPTIONS.c.customer_id.in_(customer_ids))
        recorded_at = last_recorded_at(connection)
        tail = tail_events(self._tail, self.ledger) if with_events and self._tail is not None else []
        return CustomerFacts(
            catalog=catalog,
            external_subscription_ids=sorted({row.external_id for row in owned}),
            # A clock may go back, or be behind another machine's: what has been recorded is never ahead of now.
            as_of=max(self._clock.now(), recorded_at),
            tail_events=tail,
        )


def _rows(plans: Computing, models: Collection[str]) -> dict[str, Rows]:
    return {
        model: plans.execute(f"select * from {temporary(model)}").to_arrow_table().to_pylist() for model in models
    }
