"""Issuing: settle what is due, refuse what does not add up, append the rest to the books.

Both roads run the same settlement SQL. The run settles everybody on the drafts that dbt has just built; a command settles
one customer on the pricing graph, everything due for that customer with it and in order. Both hold the books' lock from
before they read the books until what they settled is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core import lake
from core.billing.customer import CustomerFacts, give_facts
from core.billing.gates import refuse_unless_conserved
from core.books import store
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.publish import published
from core.warehouse.settlement import TARGETS, Settled, base_models, settle

COMMAND_LOCK_SECONDS = 2.0


@dataclass(frozen=True)
class IssueReport:
    """What an issue did: how many invoices, settlement passes, and the books' snapshot after it."""

    invoices: int
    passes: int
    books_snapshot: int | None


def issue_due(settings: Settings, graph: PricingGraph) -> IssueReport:
    """Issues everything that is due on the warehouse's drafts. Raises ConservationBroken and then issues nothing."""
    with store.lock(settings):
        connection = lake.connect()
        try:
            lake.attach(connection, lake.warehouse(settings), read_only=True)
            lake.attach(connection, lake.books(settings), read_only=True)
            relations = {name: graph.node(name).relation for name in base_models(graph)}
            relations |= {
                node.name: node.relation for node in [*graph.sources("books"), *graph.sources("catalog"), *graph.seeds]
            }
            return _append(settings, graph, settle(connection, graph, relations))
        finally:
            connection.close()


def issue_now(
    settings: Settings,
    graph: PricingGraph,
    gather: Callable[[], CustomerFacts],
    lock_timeout: float = COMMAND_LOCK_SECONDS,
) -> IssueReport:
    """Issues everything that is due for one customer by the `as_of` of the facts that `gather` gives once the books are held.

    Raises BooksBusy after `lock_timeout` seconds, and then `gather` has not been called.
    """
    with store.lock(settings, lock_timeout), settling(settings, graph, gather()) as settled:
        return _append(settings, graph, settled)


@contextmanager
def settling(settings: Settings, graph: PricingGraph, facts: CustomerFacts) -> Iterator[Settled]:
    """What is due for one customer by the `as_of` of the facts, settled on a connection of its own that ends with the block."""
    connection = lake.connect()
    try:
        pair = published(settings.published)
        if pair is not None:
            lake.attach(connection, lake.warehouse(settings), read_only=True, snapshot=pair.warehouse_snapshot)
        lake.attach(connection, lake.books(settings), read_only=True)
        relations = give_facts(connection, graph, facts, has_warehouse=pair is not None)
        ran = graph.run(connection, base_models(graph), relations)
        yield settle(connection, graph, relations | ran)
    finally:
        connection.close()


def _append(settings: Settings, graph: PricingGraph, settled: Settled) -> IssueReport:
    if settled.is_empty:
        return IssueReport(0, settled.passes, None)
    refuse_unless_conserved(settled.connection, settled.relations)
    _, bundle = graph.bundle(TARGETS)
    snapshot = store.append(settings, settled.connection, settled.relations, bundle)
    return IssueReport(settled.rows("invoices"), settled.passes, snapshot)
