"""Mutants of the pricing SQL: one comparison, bound or rounding flipped in one model, and whether a fast test notices.

`test_mutants.py` tries those of rating with the models' own unit tests. `python -m tests.meta.mutants LAYER [MODEL…]` prints,
for the mutants of a layer, what neither the unit tests nor the golden rating cases notice; with `--golden`, what the golden
cases alone do not.
"""

from __future__ import annotations

import argparse
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

from core.errors import TallystickError
from core.warehouse.pricing_graph import Node, PricingGraph
from tests.golden import deviations
from tests.golden.cases_option import own_files
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
MOST_TEXT = 90
FAILURES = (AssertionError, ValueError, KeyError, TypeError, ArithmeticError)


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
        if _is_narrowed(original):
            continue
        for flipped in FLIPS.get(type(original), ()):
            changed = tree.copy()
            target = next(found for at, found in enumerate(changed.walk()) if at == place)
            if issubclass(flipped, exp.Binary):
                target.replace(flipped(this=target.this, expression=target.expression))
            else:
                target.replace(flipped(this=target.this))
            text = original.sql("duckdb")
            what = f"{text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + '…'} -> {flipped.__name__}"
            seen[what] = seen.get(what, 0) + 1
            yield Mutant(node.name, f"{what} ({seen[what]})", changed.sql("duckdb"))


def _is_narrowed(node: exp.Expr) -> bool:
    """Whether it stands in arithmetic that the macros print twice, narrow where numbers fit and wide for the rest: test_money_rounding draws both."""
    while node is not None:
        if isinstance(node, exp.Coalesce) and node.this.find(exp.TryCast):
            return True
        node = node.parent
    return False


def mutated(graph: PricingGraph, mutant: Mutant) -> PricingGraph:
    """The graph with the mutant in its model's place."""
    changed = copy.copy(graph)
    node = graph.node(mutant.model)
    changed._nodes = {**graph._nodes, node.id: replace(node, sql=mutant.sql)}
    return changed


def failing_unit_test(graph: PricingGraph, model: str) -> str | None:
    """The first unit test of the model that fails on the graph."""
    with open_connection() as connection:
        return next((test.name for test in _unit_tests().get(model, []) if not _passes(connection, graph, test)), None)


def failing_case(graph: PricingGraph, model: str) -> str | None:
    """The first golden rating case that fails on the graph, of those that reach the model."""
    for module, cases in _golden().items():
        if model not in _reached(module):
            continue
        try:
            outcomes = module.run(graph, cases)
        except (duckdb.Error, TallystickError, *FAILURES) as error:
            return f"{module.__name__}: {error}"
        for case in cases:
            try:
                deviations.check(case, partial(_check, module, outcomes))
            except pytest.xfail.Exception:
                continue
            except FAILURES:
                return str(case["id"])
    return None


def _check(module: Any, outcomes: dict[str, Any], case: dict[str, Any]) -> None:
    module.check(case, outcomes.get(case["id"]))


def _passes(connection: duckdb.DuckDBPyConnection, graph: PricingGraph, test: unit_tests.UnitTest) -> bool:
    try:
        actual, expected = unit_tests.run(connection, graph, test)
    except (duckdb.Error, TallystickError):
        return False
    return actual == expected


@cache
def _unit_tests() -> dict[str, list[unit_tests.UnitTest]]:
    grouped: dict[str, list[unit_tests.UnitTest]] = {}
    for test in unit_tests.unit_tests():
        grouped.setdefault(test.model, []).append(test)
    return grouped


@cache
def _golden() -> dict[Any, list[dict[str, Any]]]:
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for case in (case for file in own_files("rating") for case in yaml.load(file.read_text(), yaml.CSafeLoader)["cases"]):
        if case["kind"] in KINDS:
            grouped.setdefault(KINDS[case["kind"]], []).append(case)
    return grouped


class _Recording(PricingGraph):
    """A graph that remembers which models it ran."""

    ran: set[str]

    def _create(self, connection: duckdb.DuckDBPyConnection, node: Node, sql: str) -> None:  # type: ignore[override]
        self.ran.add(node.name)
        PricingGraph._create(connection, node, sql)


@cache
def _reached(module: Any) -> frozenset[str]:
    """The models that a golden module runs."""
    recording = _Recording.__new__(_Recording)
    recording.__dict__ |= PricingGraph.load().__dict__ | {"ran": set()}
    module.run(recording, _golden()[module])
    return frozenset(recording.ran)


def main() -> None:
    """Prints survivors as YAML, and the share that was killed."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("layer")
    arguments.add_argument("models", nargs="*")
    arguments.add_argument("--golden", action="store_true")
    told = arguments.parse_intermixed_args()
    graph = PricingGraph.load()
    count = alive = 0
    for node in graph.models(told.layer):
        for mutant in mutants(node) if not told.models or node.name in told.models else ():
            count += 1
            changed = mutated(graph, mutant)
            if (told.golden or failing_unit_test(changed, node.name) is None) and failing_case(changed, node.name) is None:
                alive += 1
                print(f"- {{model: {mutant.model}, what: {mutant.what!r}}}", flush=True)
    print(f"# {count - alive} of {count} mutants are noticed")


if __name__ == "__main__":
    main()
