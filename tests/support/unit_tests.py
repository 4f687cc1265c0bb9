"""dbt's unit tests, run through the pricing graph: milliseconds each, where `dbt test` takes seconds to start.

The tests are read from dbt's manifest as written in the models' YAML; `dbt build` runs the same ones in tests/models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from core.warehouse.dbt_project import manifest_path
from core.warehouse.pricing_graph import Node, PricingGraph, quoted
from tests.support.facts import give, seed

_INPUT = re.compile(r"\w+\(\s*'([^']+)'(?:\s*,\s*'([^']+)')?\s*\)")


@dataclass(frozen=True)
class UnitTest:
    """One unit test: rows by the name of the relation that they stand in for, and the rows that its model must give."""

    name: str
    model: str
    given: Mapping[str, list[dict[str, Any]]]
    expected: list[dict[str, Any]]


@cache
def unit_tests() -> tuple[UnitTest, ...]:
    """Every unit test of the project."""
    manifest = json.loads(manifest_path().read_text())
    return tuple(
        UnitTest(
            test["name"],
            test["model"],
            {_relation(given["input"]): given["rows"] for given in test["given"]},
            test["expect"]["rows"],
        )
        for test in manifest["unit_tests"].values()
    )


def _relation(given: str) -> str:
    found = _INPUT.fullmatch(given)
    assert found, f"{given} is neither a ref nor a source"
    return ".".join(part for part in found.groups() if part)


def _give(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, node: Node, test: UnitTest) -> str:
    if node.kind != "seed":
        return give(connection, graph, node.name, test.given.get(node.name, ()))
    relation = seed(connection, graph, node.name)
    if node.name in test.given:
        connection.execute(f"delete from {relation}")
        for row in test.given[node.name]:
            names = ", ".join(quoted(name) for name in row)
            connection.execute(
                f"insert into {relation} ({names}) values ({', '.join('?' * len(row))})", list(row.values())
            )
    return relation


def run(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, test: UnitTest) -> tuple[list[str], list[str]]:
    """(rows of the model, expected rows), each as sorted texts of the columns that the test names, typed as the model's own."""
    parents = graph.inputs([test.model], given=[node.name for node in graph.models() if node.name != test.model])
    relations = {node.name: _give(connection, graph, node, test) for node in parents}
    graph.run_only(connection, [test.model], relations)
    columns = sorted({column for row in test.expected for column in row})
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() where table_name = ?", [test.model]
    ).fetchall()
    types = dict(found)
    listed = ", ".join(quoted(column) for column in columns)
    actual = connection.execute(f"select {listed} from temp.main.{quoted(test.model)}").fetchall()
    casts = ", ".join(f"cast(? as {types[column]})" for column in columns)
    expected = [
        connection.execute(f"select {casts}", [row.get(column) for column in columns]).fetchone()
        for row in test.expected
    ]
    return sorted(map(repr, actual)), sorted(map(repr, expected))
