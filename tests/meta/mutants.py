"""Mutants of the rating SQL: one comparison, bound or rounding flipped in one model, and whether a fast test notices.

`python -m tests.meta.mutants` prints every mutant that no fast test kills. Fast tests are the models' own dbt unit tests and the
golden rating cases, both through the pricing graph.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from sqlglot import exp

from core.warehouse.pricing_graph import Node, PricingGraph
from tests.golden import deviations
from tests.golden.cases_option import OWN
from tests.golden.rating.kinds import KINDS
from tests.support import unit_tests
from tests.support.facts import open_connection

FLIPS: dict[type[exp.Expression], tuple[type[exp.Expression], ...]] = {
    exp.LT: (exp.LTE, exp.GTE),
    exp.LTE: (exp.LT, exp.GT),
    exp.GT: (exp.GTE, exp.LTE),
    exp.GTE: (exp.GT, exp.LT),
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
    exp.Round: (exp.Floor,),
    exp.Ceil: (exp.Floor,),
    exp.Floor: (exp.Ceil,),
    exp.Add: (exp.Sub,),
    exp.Sub: (exp.Add,),
    exp.Min: (exp.Max,),
    exp.Max: (exp.Min,),
}


@dataclass(frozen=True)
class Mutant:
    """A changed model. `what` says which piece of SQL became which; equal pieces are told apart by their number."""

    model: str
    what: str
    sql: str


def mutants(node: Node) -> Iterator[Mutant]:
    """Every mutant of one model."""
    tree = sqlglot.parse_one(node.sql or "", dialect="duckdb")
    seen: dict[str, int] = {}
    for place, original in enumerate(tree.walk()):
        for flipped in FLIPS.get(type(original), ()):
            changed = tree.copy()
            target = next(found for at, found in enumerate(changed.walk()) if at == place)
            if issubclass(flipped, exp.Binary):
                target.replace(flipped(this=target.this, expression=target.expression))
            else:
                target.replace(flipped(this=target.this))
            what = f"{original.sql('duckdb')} -> {flipped.__name__}"
            seen[what] = seen.get(what, 0) + 1
            yield Mutant(node.name, f"{what} ({seen[what]})", changed.sql("duckdb"))


def rating_models(graph: PricingGraph) -> list[Node]:
    """The models whose mutants count."""
    return graph.models("rating")


def with_sql(graph: PricingGraph, model: str, sql: str) -> PricingGraph:
    """The graph with other SQL for one model."""
    changed = copy.copy(graph)
    node = graph.node(model)
    changed._nodes = {**graph._nodes, node.id: replace(node, sql=sql)}
    return changed


def reprinted(graph: PricingGraph) -> PricingGraph:
    """The graph with every rating model printed anew by sqlglot and nothing changed: what mutants are measured against."""
    for node in rating_models(graph):
        graph = with_sql(graph, node.name, sqlglot.parse_one(node.sql or "", dialect="duckdb").sql("duckdb"))
    return graph


def killer(graph: PricingGraph, model: str) -> str | None:
    """The first fast test that fails on the graph, the model's own unit tests first; None when all pass."""
    with open_connection() as connection:
        for test in unit_tests.unit_tests():
            if test.model == model and not _passes(connection, graph, test):
                return f"unit test {test.name}"
    for module, cases in _golden().items():
        try:
            outcomes = module.run(graph, cases)
        except duckdb.Error as error:
            return f"{module.__name__}: {str(error).splitlines()[0]}"
        for case in cases:
            try:
                deviations.check(case, partial(_check, module, outcomes))
            except pytest.xfail.Exception:
                continue
            except (AssertionError, ValueError, KeyError, TypeError):
                return f"golden case {case['id']}"
    return None


def survivors(graph: PricingGraph) -> Iterator[tuple[Mutant, str | None]]:
    """(mutant, what killed it)."""
    for node in rating_models(graph):
        for mutant in mutants(node):
            yield mutant, killer(with_sql(graph, mutant.model, mutant.sql), mutant.model)


def _check(module: Any, outcomes: dict[str, Any], case: dict[str, Any]) -> None:
    module.check(case, outcomes.get(case["id"]))


def _passes(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, test: unit_tests.UnitTest) -> bool:
    try:
        actual, expected = unit_tests.run(connection, graph, test)
    except duckdb.Error:
        return False
    return actual == expected


@cache
def _golden() -> dict[Any, list[dict[str, Any]]]:
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for case in yaml.load((OWN / "rating.yaml").read_text(), yaml.CSafeLoader)["cases"]:
        if case["kind"] in KINDS and KINDS[case["kind"]].covers(case):
            grouped.setdefault(KINDS[case["kind"]], []).append(case)
    return grouped


if __name__ == "__main__":
    count = 0
    for mutant, killed_by in survivors(PricingGraph.load()):
        count += 1
        if killed_by is None:
            print(f"- model: {mutant.model}\n  what: {mutant.what!r}", flush=True)
    print(f"# of {count} mutants")
