"""Kind `estimate`: one event priced on its own, without history; the models are those that price a period."""

from __future__ import annotations

from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import HORIZON, Case, Facts, Outcome, charge, no_facts, prices, superseding
from tests.golden.rating.fees import assert_field
from tests.support import facts as given_facts

TARGETS = ["int_rating__charges"]


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> what rating says."""
    connection = given_facts.open_connection()
    graph.run(connection, TARGETS, given_facts.give_all(connection, graph, TARGETS, facts_of(cases)))
    rows = given_facts.rows_of(connection, "int_rating__charges")
    return {case["id"]: [row for row in rows if row["usage_id"] == case["id"]] for case in cases}


def check(case: Case, outcome: Outcome) -> None:
    """Raises AssertionError where a listed field differs."""
    (charge,) = outcome
    for field, expected in case["expected"].items():
        assert_field(case, field, expected, charge[field])


def facts_of(cases: list[Case]) -> Facts:
    """One quantity per case, made by one event."""
    facts = no_facts() | {"int_metering__chargeable_quantities": [], "int_metering__event_changes": []}
    for case in cases:
        inputs = case["inputs"]
        facts["int_metering__window_charges"].append(
            charge(case["id"], inputs["charge_model"], {}, False, horizon_at=HORIZON)
        )
        prices(case["id"], None, inputs["properties"], facts)
        facts["int_metering__chargeable_quantities"].append(
            {
                "usage_id": case["id"],
                "usage_kind": "instant",
                "window_charge_id": case["id"],
                "charge_id": case["id"],
                "charge_model": inputs["charge_model"],
                "currency": inputs.get("currency", "EUR"),
                "prorated": False,
                "horizon_at": HORIZON,
                "units": inputs["units"],
                "full_units": inputs["units"],
                "total_aggregated_units": inputs["units"],
                "events_count": 1,
            }
        )
        facts["int_metering__event_changes"].append(
            {
                "window_charge_id": case["id"],
                "event_number": 1,
                "is_carried": False,
                "change_quantity": inputs["units"],
            }
        )
    superseding(facts, HORIZON, HORIZON)
    return facts
