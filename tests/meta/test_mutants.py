"""Unit tests notice nine in ten mutants of the SQL from events to amounts, and `survivors.yaml` says why not the rest.

Of metering those models count that make quantities of events. `int_metering__quantities` does not: the macro that rounds is printed in it
once per precision, and `test_money_rounding` draws those. Nor does `int_metering__presentation_units`: it prints the macros of all metrics again,
whose mutants count in the models of the metrics.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import sqlglot
import yaml

from core.warehouse.pricing_graph import PricingGraph
from tests.meta.mutants import Mutant, failing_unit_test, mutants, mutated

LISTED = {(row["model"], row["what"]): row["why"] for row in yaml.safe_load((Path(__file__).parent / "survivors.yaml").read_text())}
LEAST_SHARE = 0.9
METERING = (
    "charge_events", "bucket_filters", "bucketed_events", "buckets", "event_buckets", "effective_events", "event_changes",
    "additive_quantities", "unique_quantities", "latest_quantities", "weighted_quantities", "prorated_quantities", "chargeable_quantities",
    "window_charges", "window_days", "unit_changes", "fixed_charge_windows", "fixed_charge_candidates", "fixed_charge_shares",
    "fixed_charge_starts", "fixed_charge_quantities", "window_fixed_charges", "sql_metric_events", "advance_charge_events",
    "advance_placements", "advance_events", "advance_event_changes", "advance_changes", "advance_totals", "advance_units", "advance_quantities", "advance_states",
    "advance_usage", "instant_quantities", "presented_events",
)  # fmt: skip
MODELS = {
    "rating": [node.name for node in PricingGraph.load().models("rating")],
    "metering": [f"int_metering__{name}" for name in METERING],
}


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def is_noticed(mutant: Mutant) -> bool:
    return failing_unit_test(mutated(graph(), mutant), mutant.model) is not None


@pytest.mark.parametrize("layer", MODELS)
def test_the_unit_tests_notice_what_is_not_listed_as_a_survivor(layer: str) -> None:
    every = [mutant for name in MODELS[layer] for mutant in mutants(graph().node(name))]
    listed = {(model, what) for model, what in LISTED if model in MODELS[layer]}
    alive = {(mutant.model, mutant.what) for mutant in every if not is_noticed(mutant)}
    print(f"{len(every) - len(alive)} of {len(every)} mutants of the {layer} SQL are noticed")
    assert not alive - listed, "add a row to a unit test that notices it, or say in survivors.yaml why nothing can"
    assert not listed - alive, "take it off survivors.yaml"
    assert len(alive) <= (1 - LEAST_SHARE) * len(every)


def test_every_survivor_has_a_reason() -> None:
    assert all(len(why) > 20 for why in LISTED.values())
    assert {model for model, _ in LISTED} <= {name for names in MODELS.values() for name in names}


def test_sql_that_is_printed_anew_and_not_changed_passes() -> None:
    """What mutants are measured against: printing by sqlglot alone fails no unit test."""

    for node in (graph().node(name) for names in MODELS.values() for name in names):
        same = Mutant(node.name, "nothing", sqlglot.parse_one(node.sql or "", dialect="duckdb").sql("duckdb"))
        assert not is_noticed(same), node.name
