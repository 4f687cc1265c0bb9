"""A world of customers on test clocks: real catalog commands, events, and runs of the real SQL over all of it.

Every scenario lives in the same catalog under names of its own and on a test clock of its own, so that hundreds of them
are billed by one run. Wall time only moves forward; what each scenario sees is its clock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from core.billing import CustomerFacts, credit_notes
from core.billing.current_periods import plan_period_end
from core.catalog import test_clocks
from core.catalog.bootstrap import bootstrap
from core.catalog.engine import connect, reading
from core.catalog.export import export
from core.catalog.migrations import migrate
from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import UnitOfWork, unit_of_work
from core.clock import ManualClock
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary
from core.warehouse.settlement import TARGETS, base_models, settle
from tests.support.books import Settlement, fetched
from tests.support.facts import give, give_all, open_connection, rows_of

WALL_START = datetime(2030, 1, 1)
TICK = timedelta(milliseconds=1)


def period_end_of(
    graph: PricingGraph, engine: Any, now: datetime, subscription: Subscription, at: datetime
) -> datetime:
    """The end of the plan period of the subscription that holds `at`, by what the catalog knows `now` (wall clock)."""
    with reading(engine) as catalog:
        facts = CustomerFacts(export(catalog, [subscription.customer_id]), (), now)
    return plan_period_end(open_connection(), graph, facts, subscription, at, has_warehouse=False)


class World:
    """Commands and events of many scenarios, and their books (empty until `run` keeps what it settled)."""

    def __init__(self, folder: Path, graph: PricingGraph) -> None:
        self.graph = graph
        self.wall = ManualClock(WALL_START)
        url = f"sqlite:///{folder / 'catalog.sqlite'}"
        migrate(url)
        self.engine = connect(url)
        self.events: list[dict[str, Any]] = []
        with unit_of_work(self.engine, self.wall) as uow:
            bootstrap(uow)

    def unit(self) -> Any:
        """A unit of work a moment later."""
        self.wall.advance(TICK)
        return unit_of_work(self.engine, self.wall)

    def send_event(
        self,
        subscription: str,
        code: str,
        timestamp: datetime,
        properties: dict[str, Any],
        transaction_id: str | None = None,
    ) -> None:
        """An accepted event, known from now on."""
        self.wall.advance(TICK)
        number = len(self.events)
        self.events.append(
            {
                "external_subscription_id": subscription,
                "transaction_id": transaction_id or f"event-{number}",
                "code": code,
                "timestamp": timestamp,
                "properties": json.dumps(properties),
                "received_at": self.wall.now(),
                "received_sequence": number,
                "source": "http",
                "landing_file": "world",
            }
        )

    def advance(self, clock_id: str, to: datetime) -> None:
        """Moves a scenario's clock forward."""
        with self.unit() as uow:
            test_clocks.advance(uow, clock_id, to)

    def period_end(self, subscription: Subscription, at: datetime) -> datetime:
        """What `core.billing.current_periods` says of the subscription; to be given to commands that change plans."""
        return period_end_of(self.graph, self.engine, self.wall.now(), subscription, at)

    def facts(self) -> dict[str, pa.Table]:
        """All that is recorded so far: the catalog's export and the events, as the sources that the models read."""
        with reading(self.engine) as catalog:
            exported = export(catalog)
        tables = {f"catalog.{name}": table for name, table in exported.items()}
        return tables | ({"landing.events": pa.Table.from_pylist(self.events)} if self.events else {})

    def compute(
        self,
        targets: Collection[str],
        books: Mapping[str, pa.Table] | None = None,
        as_of: Mapping[str, datetime] | None = None,
        given: Mapping[str, list[dict[str, Any]]] | None = None,
    ) -> dict[str, list[dict[str, Any]]]:
        """The rows of these models over all that is recorded so far and `books` (default: nothing was issued yet).

        With `as_of` for these customers alone, each as of a reading of its clock. `given` rows stand in place of what a model has.
        """
        connection = open_connection()
        relations = self._relations(connection, targets, books or {}, None, as_of)
        relations |= {model: give(connection, self.graph, model, rows) for model, rows in (given or {}).items()}
        self.graph.run(connection, targets, relations)
        return {target: rows_of(connection, target) for target in targets}

    def estimate_note(
        self,
        books: Mapping[str, pa.Table],
        invoice: Mapping[str, Any],
        items: Sequence[Mapping[str, Any]],
        at: datetime,
        **parts: int,
    ) -> credit_notes.Estimate:
        """What `core.billing.credit_notes` says of a note on an issued invoice at `at` on its customer's clock."""
        given = CustomerFacts(
            {name.removeprefix("catalog."): table for name, table in self.facts().items()}, (), self.wall.now()
        )
        return self._estimate(
            credit_notes.with_note(given, invoice, items, at, **parts), books, invoice, at, credit_notes.ESTIMATED
        )

    def estimate_void(
        self, books: Mapping[str, pa.Table], invoice: Mapping[str, Any], at: datetime, **asked: int
    ) -> credit_notes.Estimate:
        """What `core.billing.credit_notes` says of the note that the void of an issued invoice would give for what is asked."""
        given = CustomerFacts(
            {name.removeprefix("catalog."): table for name, table in self.facts().items()}, (), self.wall.now()
        )
        return self._estimate(
            credit_notes.with_void(given, invoice, at, **asked), books, invoice, at, credit_notes.OF_VOID
        )

    def _estimate(
        self,
        given: CustomerFacts,
        books: Mapping[str, pa.Table],
        invoice: Mapping[str, Any],
        at: datetime,
        note_id: str,
    ) -> credit_notes.Estimate:
        connection = open_connection()
        targets = (credit_notes.REQUESTED, credit_notes.ESTIMATES, credit_notes.PROBLEMS)
        facts = {f"catalog.{name}": table for name, table in given.catalog.items()}
        relations = self._relations(connection, targets, books, facts, {invoice["customer_id"]: at})
        return credit_notes.estimated(connection, self.graph, relations, note_id)

    def _relations(
        self,
        connection: duckdb.DuckDBPyConnection,
        targets: Collection[str],
        books: Mapping[str, pa.Table],
        facts: Mapping[str, pa.Table] | None,
        as_of: Mapping[str, datetime] | None,
    ) -> dict[str, str]:
        """What the models read, filled on the connection."""
        self.wall.advance(TICK)
        horizon = {"as_of": self.wall.now(), "watermark": self.wall.now()}
        relations = give_all(connection, self.graph, targets, {"landing.run_horizon": [horizon]})
        relations |= {
            node.name: give(connection, self.graph, node.name)
            for node in self.graph.sources("books")
            if node.name not in relations
        }
        if as_of is not None:
            rows = [{"customer_id": customer_id, "as_of": instant} for customer_id, instant in as_of.items()]
            relations["int_metering__horizons"] = give(connection, self.graph, "int_metering__horizons", rows)
        tables = dict(self.facts() if facts is None else facts)
        tables |= {f"books.{name}": table for name, table in books.items()}
        for name, table in tables.items():
            if name in relations:
                connection.register("arriving", table)
                connection.execute(f"insert into {relations[name]} by name select * from arriving")
                connection.unregister("arriving")
        return relations

    def settle(
        self,
        books: Mapping[str, pa.Table] | None = None,
        prefix_limit: int | None = None,
        *,
        facts: Mapping[str, pa.Table] | None = None,
        as_of: Mapping[str, datetime] | None = None,
        given: Mapping[str, list[dict[str, Any]]] | None = None,
    ) -> tuple[Settlement, dict[str, list[dict[str, Any]]]]:
        """Settles what is due on every clock; returns it with the drafts and fees as rows.

        `facts` are what `facts()` returned (default: now). `as_of` (customer id -> a reading of its clock, naive UTC)
        settles as of that earlier moment over the same facts, for these customers alone; by default each clock's last reading.
        `given` rows are added to what the models up to the drafts make (model -> rows), as if they had come from facts.
        """
        connection = open_connection()
        relations = self._relations(connection, TARGETS, books or {}, facts, as_of)
        base = base_models(self.graph)
        relations |= self.graph.run(connection, base, relations)
        for model, rows in (given or {}).items():
            added = give(connection, self.graph, model, rows)
            if relations[model].startswith("("):  # has no rows of its own, and so no table
                connection.execute(f"create or replace temp table {quoted(model)} as select * from {added}")
                relations[model] = temporary(model)
            else:
                connection.execute(f"insert into {relations[model]} by name select * from {added}")
        drafts = {
            "draft_invoices": rows_of(connection, "int_billing__draft_invoices"),
            "draft_fees": rows_of(connection, "int_billing__fees"),
            "wallet_inflows": rows_of(connection, "int_billing__wallet_inflows"),
        }
        limits = {} if prefix_limit is None else {"prefix_limit": prefix_limit}
        return fetched(settle(connection, self.graph, relations, **limits)), drafts


__all__ = ["TICK", "UnitOfWork", "World"]
