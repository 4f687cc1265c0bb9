"""One customer at this moment: the same SQL as the bill, over the published events and what came in since (law 6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core import lake
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.kept_plans import Connection, hold, make_table
from core.warehouse.pricing_graph import Node, PricingGraph, quoted, temporary

IDENTITY = "external_subscription_id, transaction_id"


@dataclass(frozen=True)
class CustomerFacts:
    """What is known of one customer.

    `catalog`: the catalog's export for the customer, all versions. `as_of`: how far to look (naive UTC, wall clock).
    `tail_events`: landing rows that the published warehouse may not hold yet (inbox and fresh files; rows that it does
    hold do no harm). `external_subscription_ids`: all that the customer ever had.
    """

    catalog: Mapping[str, pa.Table]
    external_subscription_ids: Sequence[str]
    as_of: datetime
    tail_events: Sequence[pa.Table] = field(default=())


def compute(
    connection: Connection,
    graph: PricingGraph,
    facts: CustomerFacts,
    targets: Collection[str],
    *,
    has_warehouse: bool = True,
) -> None:
    """Leaves the models `targets` for the customer of the facts as temporary relations."""
    graph.run(connection, targets, give_own_facts(connection, graph, facts, targets, has_warehouse=has_warehouse))


def give_own_facts(
    connection: Connection,
    graph: PricingGraph,
    facts: CustomerFacts,
    targets: Collection[str],
    *,
    has_warehouse: bool = True,
    given: Collection[str] = (),
) -> dict[str, str]:
    """`give_facts` of what the models `targets` stand on, as far up as `given`, with no more of the books than the customer's
    own.
    """
    wanted = {node.name for node in graph.inputs(targets, given)}
    relations = give_facts(connection, graph, facts, has_warehouse=has_warehouse, wanted=wanted)
    return relations | _give_own_books(connection, graph, facts, wanted)


def give_facts(
    connection: Connection,
    graph: PricingGraph,
    facts: CustomerFacts,
    *,
    has_warehouse: bool = True,
    wanted: Collection[str] | None = None,
) -> dict[str, str]:
    """Gives the facts to `connection` (with `books` attached, and `warehouse` if published) as relations of the graph.

    All relations, or those `wanted`.
    """
    horizon = pa.table(
        {"as_of": [facts.as_of], "watermark": [facts.as_of]},
        pa.schema([("as_of", pa.timestamp("us")), ("watermark", pa.timestamp("us"))]),
    )
    tables = {f"catalog.{name}": table for name, table in facts.catalog.items()} | {"landing.run_horizon": horizon}
    relations = {
        name: _give(connection, graph.node(name), table)
        for name, table in tables.items()
        if wanted is None or name in wanted
    }
    relations["landing.events"] = _give_events(connection, graph, facts, has_warehouse)
    filled = lake.filled_tables(connection, "books") if wanted is None else set()
    sources = [*graph.sources("settlement"), *graph.sources("landing"), *graph.sources("books"), *graph.seeds]
    for node in sources:
        if node.name in relations or (wanted is not None and node.name not in wanted):
            continue
        relations[node.name] = temporary(node.name)
        if node.name.startswith("books."):
            # Of a table without rows DuckLake would ask for the statistics of every column, each time that it is read.
            is_empty = wanted is None and node.name.removeprefix("books.") not in filled
            relations[node.name] = node.nothing if is_empty else node.relation
        elif node.kind == "seed":
            path = str(PROJECT_DIR / "seeds" / f"{node.name}.csv").replace("'", "''")
            make_table(connection, node.name, f"select * from read_csv('{path}')", is_kept=True)
        elif wanted is not None:
            relations[node.name] = node.nothing
        else:
            connection.execute(f"create or replace temp table {quoted(node.name)} ({node.declared})")
    return relations


def current_usage(
    connection: Connection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True
) -> list[dict[str, Any]]:
    """The open periods' charges of one customer as the bill would have them now: rows of `int_billing__fees` in state open."""
    compute(connection, graph, facts, ["int_billing__fees"], has_warehouse=has_warehouse)
    return _rows(
        connection,
        f"select * from {temporary('int_billing__fees')} where fee_state = 'open' order by external_subscription_id, item_position, group_key",
    )


def draft_invoices(
    connection: Connection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True
) -> list[dict[str, Any]]:
    """The customer's invoices that are not in the books, with fees and taxes: rows of `int_billing__draft_invoices`."""
    compute(connection, graph, facts, ["int_billing__draft_invoices"], has_warehouse=has_warehouse)
    return _rows(
        connection, f"select * from {temporary('int_billing__draft_invoices')} order by ready_at, creation_sequence"
    )


def _give_own_books(
    connection: Connection, graph: PricingGraph, facts: CustomerFacts, wanted: Collection[str]
) -> dict[str, str]:
    """Relations with what the books hold of the customer."""
    # Ids written out, because constants are compared with the lake's statistics and skip files.
    owners = ", ".join(f"'{owner}'" for owner in facts.catalog["customers"]["id"].unique().to_pylist())
    tables = {node.name: node for node in graph.sources("books") if node.name in wanted}
    if not tables:
        return {}
    books_invoices = tables.pop("books.invoices", graph.node("books.invoices"))
    invoices = _give_own(connection, books_invoices, f"customer_id in ({owners})")
    own = {"books.invoices": invoices}
    for node in tables.values():
        # A fee may be the customer's without an invoice, so whatever names its customer is found by that.
        if "customer_id" in (node.columns or {}):
            own[node.name] = _give_own(connection, node, f"customer_id in ({owners})")
        elif invoices != books_invoices.nothing:
            own[node.name] = _give_own(connection, node, f"invoice_id in (select invoice_id from {invoices})")
        else:
            own[node.name] = node.nothing
    return own


def _give_own(connection: Connection, node: Node, condition: str) -> str:
    """What to read the rows of a table of the books from."""
    rows = f"from {node.relation} where {condition}"
    # Of a table without rows DuckLake has no statistics, and asks for them once per column: one column is enough.
    if connection.execute(f"select 1 {rows} limit 1").fetchone() is None:
        return node.nothing
    make_table(connection, node.name, f"select * {rows}")
    return temporary(node.name)


def _give_events(connection: Connection, graph: PricingGraph, facts: CustomerFacts, has_warehouse: bool) -> str:
    """The customer's events, each once: the first one received of an identity."""
    node = graph.node("landing.events")
    columns = ", ".join(quoted(name) for name in node.columns or {})
    wanted = pa.array(facts.external_subscription_ids, pa.string())
    tails = [table.filter(pc.is_in(table["external_subscription_id"], wanted)) for table in facts.tail_events]
    tail = pa.concat_tables(tails, promote_options="default") if tails else None
    own = ", ".join("'" + name.replace("'", "''") + "'" for name in facts.external_subscription_ids) or "null"
    # What came from elsewhere may lack columns, so the first query names them all.
    seen = [
        f"select {columns} from {node.relation if has_warehouse else node.nothing} where external_subscription_id in ({own})"
    ]
    if tail is not None and tail.num_rows:
        seen.append(f"select * from {hold(connection, 'tail_events', node.declared, tail)}")
    elif not has_warehouse:
        return node.nothing
    made = make_table(
        connection,
        "events_once",
        f"""select {columns} from ({" union all by name ".join(seen)})
        qualify row_number() over (partition by {IDENTITY} order by received_at, received_sequence) = 1""",
        is_kept=not has_warehouse,
    )
    return temporary("events_once") if made else node.nothing


def _give(connection: Connection, node: Node, table: pa.Table) -> str:
    if not table.num_rows:
        return node.nothing
    return hold(connection, f"given.{node.name}", node.declared, table)


def _rows(connection: Connection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
