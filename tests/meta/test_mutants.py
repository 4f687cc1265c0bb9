"""The unit tests of the rating models notice nine in ten mutants of their SQL, and `survivors.yaml` says why not the rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlglot
import yaml

from core.warehouse.pricing_graph import PricingGraph
from tests.meta.mutants import Mutant, failing_unit_test, mutants, mutated

LISTED = {(row["model"], row["what"]): row["why"] for row in yaml.safe_load((Path(__file__).parent / "survivors.yaml").read_text())}
LEAST_SHARE = 0.9


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def is_noticed(mutant: Mutant) -> bool:
    return failing_unit_test(mutated(graph(), mutant), mutant.model) is not None


def test_the_unit_tests_notice_what_is_not_listed_as_a_survivor() -> None:
    every = [mutant for node in graph().models("rating") for mutant in mutants(node)]
    alive = {(mutant.model, mutant.what) for mutant in every if not is_noticed(mutant)}
    print(f"{len(every) - len(alive)} of {len(every)} mutants of the rating SQL are noticed")
    assert not alive - LISTED.keys(), "add a row to a unit test that notices it, or say in survivors.yaml why nothing can"
    assert not LISTED.keys() - alive, "take it off survivors.yaml"
    assert len(alive) <= (1 - LEAST_SHARE) * len(every)


def test_every_survivor_has_a_reason() -> None:
    assert all(len(why) > 20 for why in LISTED.values())
    assert LISTED


def test_sql_that_is_printed_anew_and_not_changed_passes() -> None:
    """What mutants are measured against: printing by sqlglot alone fails no unit test."""

    for node in graph().models("rating"):
        same = Mutant(node.name, "nothing", sqlglot.parse_one(node.sql or "", dialect="duckdb").sql("duckdb"))
        assert not is_noticed(same), node.name
