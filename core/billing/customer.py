"""One customer at this moment: the same SQL as the bill, over the published events and what came in since (law 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary

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


def give_facts(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True
) -> dict[str, str]:
    """Gives the facts to `connection` (with `books` attached, and `warehouse` if published) as relations of the graph."""
    relations: dict[str, str] = {}
    for name, table in facts.catalog.items():
        relations[f"catalog.{name}"] = _give(connection, f"catalog.{name}", table)
    relations["landing.events"] = _give_events(connection, graph, facts, has_warehouse)
    horizon = pa.table(
        {"as_of": [facts.as_of], "watermark": [facts.as_of]},
        pa.schema([("as_of", pa.timestamp("us")), ("watermark", pa.timestamp("us"))]),
    )
    relations["landing.run_horizon"] = _give(connection, "landing.run_horizon", horizon)
    for node in [
        *graph.sources("settlement"),
        *(node for node in graph.sources("landing") if node.name not in relations),
    ]:
        columns = ", ".join(f"{quoted(name)} {data_type}" for name, data_type in (node.columns or {}).items())
        connection.execute(f"create or replace temp table {quoted(node.name)} ({columns})")
        relations[node.name] = f"temp.main.{quoted(node.name)}"
    for node in graph.sources("books"):
        relations[node.name] = node.relation
    for node in graph.seeds:
        connection.execute(
            f"create or replace temp table {quoted(node.name)} as select * from read_csv(?)",
            [str(PROJECT_DIR / "seeds" / f"{node.name}.csv")],
        )
        relations[node.name] = f"temp.main.{quoted(node.name)}"
    return relations


def current_usage(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True
) -> list[dict[str, Any]]:
    """The open periods' charges of one customer as the bill would have them now: rows of `int_billing__fees` in state open."""
    relations = give_facts(connection, graph, facts, has_warehouse=has_warehouse)
    graph.run(connection, ["int_billing__fees"], relations)
    return _rows(
        connection,
        f"select * from {temporary('int_billing__fees')} where fee_state = 'open' order by external_subscription_id, item_position, group_key",
    )


def draft_invoices(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: CustomerFacts, *, has_warehouse: bool = True
) -> list[dict[str, Any]]:
    """The customer's invoices that are not in the books, with fees and taxes: rows of `int_billing__draft_invoices`."""
    relations = give_facts(connection, graph, facts, has_warehouse=has_warehouse)
    graph.run(connection, ["int_billing__draft_invoices"], relations)
    return _rows(
        connection, f"select * from {temporary('int_billing__draft_invoices')} order by ready_at, creation_sequence"
    )


def _give_events(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, facts: CustomerFacts, has_warehouse: bool
) -> str:
    node = graph.node("landing.events")
    columns = ", ".join(quoted(name) for name in node.columns or {})
    declared = ", ".join(f"{quoted(name)} {data_type}" for name, data_type in (node.columns or {}).items())
    connection.execute(f"create or replace temp table events_seen ({declared})")
    wanted = list(facts.external_subscription_ids)
    if has_warehouse:
        connection.execute(
            f"insert into events_seen select {columns} from {node.relation} where external_subscription_id in (select unnest(?))",
            [wanted],
        )
    for tail in facts.tail_events:
        connection.register("tail", tail)
        connection.execute(
            "insert into events_seen by name select * from tail where external_subscription_id in (select unnest(?))",
            [wanted],
        )
        connection.unregister("tail")
    connection.execute(
        f"""create or replace temp table events_once as
        select {columns} from (select *, row_number() over (partition by {IDENTITY} order by received_at, received_sequence) as place from events_seen)
        where place = 1"""
    )
    return "temp.main.events_once"


def _give(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> str:
    connection.register(f"given.{name}", table)
    return quoted(f"given.{name}")


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
