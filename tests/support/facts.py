"""Facts as relations: rows given by a test, typed as the project's contracts say, on a connection of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from core.warehouse.pricing_graph import PricingGraph, quoted

ORIGINALS = {
    "stg_catalog__charges": ("original_charge_id", "charge_id"),
    "stg_catalog__charge_filters": ("original_charge_filter_id", "charge_filter_id"),
    "stg_catalog__fixed_charges": ("original_fixed_charge_id", "fixed_charge_id"),
}
"""What overrides nothing is its own original, as the staging models say: model -> column, and that which it is unless a row says otherwise."""


def open_connection() -> duckdb.DuckDBPyConnection:
    """An empty in-memory connection that counts time in UTC."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def give(
    connection: duckdb.DuckDBPyConnection, graph: PricingGraph, name: str, rows: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Creates the relation `name` with these rows (absent columns are null) and returns what it is called."""
    columns = graph.node(name).columns or {}
    relation = quoted(f"given.{name}")
    declared = ", ".join(f"{quoted(column)} {data_type}" for column, data_type in columns.items())
    connection.execute(f"create or replace temp table {relation} ({declared})")
    listed = list(rows)
    for row in listed:
        unknown = row.keys() - columns.keys()
        if unknown:
            raise ValueError(f"{name} has no column {', '.join(sorted(unknown))}")
    if listed:
        # All rows as one table of texts: row by row they cost more than the models that read them.
        texts = pa.table({column: pa.array([_text(row.get(column)) for row in listed], pa.string()) for column in columns})
        casts = ", ".join(f"cast({quoted(column)} as {data_type})" for column, data_type in columns.items())
        connection.register("given_texts", texts)
        connection.execute(f"insert into {relation} select {casts} from given_texts")
        connection.unregister("given_texts")
    return f"temp.main.{relation}"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def give_all(
    connection: duckdb.DuckDBPyConnection,
    graph: PricingGraph,
    targets: Iterable[str],
    facts: Mapping[str, Iterable[Mapping[str, Any]]],
    empty: Iterable[str] = (),
) -> dict[str, str]:
    """Gives `facts`, `empty` models and, without rows, every other source that `targets` read; returns name -> relation."""
    given = {name: give(connection, graph, name, _with_originals(name, rows)) for name, rows in facts.items()}
    given |= {name: give(connection, graph, name) for name in empty if name not in given}
    for node in graph.inputs(targets, given):
        if node.kind == "source" and node.name not in given:
            given[node.name] = give(connection, graph, node.name)
        if node.kind == "seed":
            given[node.name] = seed(connection, graph, node.name)
    return given


def _with_originals(name: str, rows: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    if name not in ORIGINALS:
        return rows
    original, own = ORIGINALS[name]
    return [{original: row.get(own)} | dict(row) for row in rows]


def seed(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, name: str) -> str:
    """Loads a seed of the project and returns what it is called."""
    from core.warehouse.dbt_project import PROJECT_DIR

    relation = quoted(f"given.{name}")
    connection.execute(
        f"create or replace temp table {relation} as select * from read_csv(?)",
        [str(PROJECT_DIR / "seeds" / f"{name}.csv")],
    )
    return f"temp.main.{relation}"


def rows_of(connection: duckdb.DuckDBPyConnection, model: str) -> list[dict[str, Any]]:
    """Every row of a model that the graph has run."""
    cursor = connection.execute(f"select * from temp.main.{quoted(model)}")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
