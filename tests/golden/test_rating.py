"""Golden rating cases through the project's own SQL: one test per case, all cases of a module in one run of the graph.

`--cases FILE…` runs any file of this schema. A case that a rule of `deviations.yaml` covers may differ from the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from core.warehouse.dbt_project import BrokenProject
from core.warehouse.pricing_graph import PricingGraph
from tests.golden import deviations
from tests.golden.cases_option import Case, read_cases, shared_cases
from tests.golden.rating.kinds import KINDS

Outcomes = Callable[[Case], Any]


@dataclass(frozen=True)
class Faulty:
    """In place of an outcome: what a case raises that cannot be run."""

    fault: Exception


def outcomes(module: Any, graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> its outcome, all cases in one run. A case that cannot be run does not take the others with it: halves are tried apart."""
    try:
        found: dict[str, Any] = module.run(graph, cases)
    except BrokenProject:
        raise  # the SQL is wrong, for all of them
    except Exception as fault:
        if len(cases) == 1:
            return {cases[0]["id"]: Faulty(fault)}
        middle = len(cases) // 2
        return outcomes(module, graph, cases[:middle]) | outcomes(module, graph, cases[middle:])
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = read_cases(metafunc.config, "rating")
        metafunc.parametrize("case", cases, ids=[case["id"] for case in cases])


@pytest.fixture(scope="module")
def outcome_of(request: pytest.FixtureRequest) -> Outcomes:
    """The outcome of a case; its module runs once, over every case of its kinds."""
    graph = PricingGraph.load()
    cases = read_cases(request.config, "rating")
    found: dict[str, dict[str, Any]] = {}

    def outcome(case: Case) -> Any:
        module = KINDS.get(case["kind"])
        if module is None:
            pytest.fail(f"{case['id']}: kind {case['kind']!r} is none of {', '.join(KINDS)}")
        if module.__name__ not in found:
            found[module.__name__] = outcomes(
                module, graph, [other for other in cases if KINDS.get(other["kind"]) is module]
            )
        told = found[module.__name__].get(case["id"])
        if isinstance(told, Faulty):
            what = f"it has no {told.fault}" if isinstance(told.fault, KeyError) else repr(told.fault)
            raise AssertionError(f"{case['id']} cannot be run: {what}") from told.fault
        return told

    return outcome


def test_rating_case(case: Case, outcome_of: Outcomes) -> None:
    outcome = outcome_of(case)
    deviations.check(case, lambda told: KINDS[told["kind"]].check(told, outcome))


def test_at_most_eight_cases_of_the_shared_file_deviate() -> None:
    shared = shared_cases("rating").values()
    assert len(shared) == 360
    assert sum(deviations.rule_for(case) is not None for case in shared) <= 8
