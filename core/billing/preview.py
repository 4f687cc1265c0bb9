"""The next invoice of subscriptions, from facts that may never have been recorded: settled as it would be, and kept nowhere (law 6)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import duckdb

from core import lake
from core.billing.customer import CustomerFacts
from core.billing.issue import settling
from core.books.tables import TABLES
from core.errors import NotFound
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.pricing_graph import PricingGraph, quoted
from core.warehouse.settlement import STAGED

OF_BEFORE = ("invoices", "credit_notes", "credit_note_uses")
"""Tables of the books whose older rows an invoice refers to: what it credits, and of which invoice that was."""


@contextmanager
def previewing(
    settings: Settings,
    graph: PricingGraph,
    facts: CustomerFacts,
    subscription_ids: Collection[str],
    since: datetime,
    *,
    is_final: bool = False,
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """(a cursor for `core.warehouse.marts`, the invoice as `marts.get_invoice` gives it).

    It is the first bill of the subscriptions that becomes ready at or after `since` (naive UTC, on the customer's clock) and is
    issued by the `as_of` of the facts, and what is due before it is settled before it; `is_final`: the one at their end. An invoice of a
    threshold or of an event in advance is no such bill. Raises NotFound `invoice`.
    """
    with settled_aside(settings, graph, facts) as shown:
        yield shown, marts.get_invoice(shown, _next(shown, subscription_ids, since, is_final))


@contextmanager
def settled_aside(settings: Settings, graph: PricingGraph, facts: CustomerFacts) -> Iterator[Any]:
    """A cursor for `core.warehouse.marts` on what is due for one customer by the `as_of` of the facts, as it would be issued. It is kept nowhere."""
    shown = lake.connect_alone()
    try:
        with settling(settings, graph, facts) as settled:
            _stand_in(shown, graph)
            for name in STAGED:
                _copy(settled.connection, f"select * from {settled.relations[name]}", shown, name)
            owners = facts.catalog["customers"]["id"].unique().to_pylist()
            for name in lake.filled_tables(settled.connection, "books").intersection(OF_BEFORE):
                own = f"select * from books.main.{name} where customer_id in (select unnest(?))"
                _copy(settled.connection, own, shown, name, [owners])
        yield shown
    finally:
        shown.close()


def _next(cursor: duckdb.DuckDBPyConnection, subscription_ids: Collection[str], since: datetime, is_final: bool) -> str:
    reasons = ["terminating"] if is_final else ["starting", "trial", "periodic", "terminating", "fixed_charge_change"]
    found = cursor.execute(
        """select invoices.invoice_id from books.main.invoices
        inner join books.main.invoice_subscriptions as billed using (invoice_id)
        where list_contains(?, billed.subscription_id) and invoices.ready_at >= ? and list_contains(?, billed.invoicing_reason)
        order by invoices.ready_at, invoices.issued_at, invoices.invoice_id limit 1""",
        [list(subscription_ids), since, reasons],
    ).fetchone()
    if found is None:
        raise NotFound("invoice", "preview")
    return str(found[0])


def _stand_in(connection: duckdb.DuckDBPyConnection, graph: PricingGraph) -> None:
    """Books with no row, and marts that never saw one."""
    connection.execute("attach ':memory:' as books; attach ':memory:' as warehouse; create schema warehouse.marts")
    for name, columns in TABLES.items():
        declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        connection.execute(f"create table books.main.{name} ({declared})")
    for node in graph.models("marts"):
        connection.execute(f"create table warehouse.marts.{quoted(node.name)} ({node.declared})")


def _copy(
    source: duckdb.DuckDBPyConnection, query: str, target: duckdb.DuckDBPyConnection, table: str, arguments: list[Any] | None = None
) -> None:
    arriving = source.execute(query, arguments or []).to_arrow_table()
    # The engine finds `arriving` by its name in this function.
    if arriving.num_rows:
        target.execute(f"insert into books.main.{table} by name select * from arriving")
