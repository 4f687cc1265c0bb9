"""A golden case passes without the others beside it: `--cases` takes files of any length."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import yaml

from core.warehouse.pricing_graph import PricingGraph
from tests.golden import deviations
from tests.golden.cases_option import own_files
from tests.golden.rating.kinds import KINDS

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
