"""A golden case passes without the others beside it: `--cases` takes files of any length."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from core.warehouse.pricing_graph import PricingGraph
from tests.golden import deviations
from tests.golden.cases_option import own_files
from tests.golden.rating.kinds import KINDS
from tests.golden.test_rating import Faulty, outcomes

graph = cache(PricingGraph.load)


def first_of_each_kind() -> dict[str, dict[str, Any]]:
    """(kind, whether a user's own function has the say) -> its first case that follows the reference."""
    found: dict[str, dict[str, Any]] = {}
    for case in yaml.load(own_files("rating")[0].read_text(), yaml.CSafeLoader)["cases"]:
        if deviations.rule_for(case) is None:
            name = case["kind"] + ("_custom" if case["subject"] == "custom_agg" else "")
            found.setdefault(name, case)
    return found


@pytest.mark.parametrize("case", first_of_each_kind().values(), ids=first_of_each_kind().keys())
def test_a_case_passes_alone(case: dict[str, Any]) -> None:
    module = KINDS[case["kind"]]
    module.check(case, module.run(graph(), [case]).get(case["id"]))


def test_a_case_that_cannot_be_run_does_not_take_the_others_with_it() -> None:
    def run(_: PricingGraph, cases: list[dict[str, Any]]) -> dict[str, Any]:
        return {case["id"]: 1 / case["of"] for case in cases}

    cases = [{"id": name, "of": of} for name, of in (("a", 1), ("b", 0), ("c", 2), ("d", 0), ("e", 4))]
    found = outcomes(SimpleNamespace(run=run), graph(), cases)
    assert [name for name, told in found.items() if isinstance(told, Faulty)] == ["b", "d"]
    assert (found["a"], found["c"], found["e"]) == (1, 0.5, 0.25)
